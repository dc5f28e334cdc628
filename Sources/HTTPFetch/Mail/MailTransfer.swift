import CCurl
import Synchronization

/// One mail on its way.
///
/// libcurl 7.88 ends a session with calls that block its thread: for the answer to the text, and for
/// the answer to QUIT. Its progress callback is asked meanwhile, at least once a second; that ends it.
/// A handle that is taken away in the middle of the text would even send the final dot first, and so
/// deliver half a mail: a mail is always ended from the callback.
///
/// Safety: as `HTTPTransfer`.
final class MailTransfer: Transfer, @unchecked Sendable {
  let message: MailMessage
  let configuration: MailConfiguration
  let lane: String
  let place: String
  let gate: SocketGate
  var clock: TransferClock
  var replies: SMTPReplies
  var sentBytes = 0
  /// Why the progress callback ends it.
  var abortion: (any Error)?
  weak var handle: EasyHandle?
  let text: [UInt8]
  private let waiter = Mutex<CheckedContinuation<MailClient.Receipt, any Error>?>(nil)
  private let cancellation = Mutex(false)

  init(_ message: MailMessage, _ configuration: MailConfiguration) {
    self.message = message
    self.configuration = configuration
    place = configuration.place
    lane = configuration.place
    text = message.encoded()
    gate = SocketGate { MailClient.refusal(of: $0, configuration) }
    clock = TransferClock(configuration.timeouts, now: CurlLoop.monotonicNow())
    replies = SMTPReplies(
      usesStartTLS: configuration.security == .startTLS,
      logsIn: configuration.login != nil,
      recipients: message.to.count
    )
  }

  var isCancelled: Bool { cancellation.withLock { $0 } }

  func cancel(on thread: CurlThread) {
    cancellation.withLock { $0 = true }
    // The task goes on at once, the session ends when libcurl asks.
    takeWaiter()?.resume(throwing: CancellationError())
    thread.cancel(self)
  }

  func receipt(on thread: CurlThread) async throws -> MailClient.Receipt {
    try await withCheckedThrowingContinuation { continuation in
      waiter.withLock { $0 = continuation }
      thread.start(self)
    }
  }

  func abort(with error: any Error) -> Bool {
    if abortion == nil { abortion = error }
    return true
  }

  /// Asked by libcurl, also while it blocks.
  /// - Returns: whether to end.
  func checkProgress() -> Bool {
    if abortion != nil || isCancelled { return true }
    guard let phase = clock.expired(now: CurlLoop.monotonicNow()) else { return false }
    let message = "the call to \(place) timed out: \(phase.rawValue)"
    abortion = FetchError(.timeout, message, mayHaveArrived: textIsOut)
    return true
  }

  func complete(_ code: CURLcode, _ easy: EasyHandle) {
    if let abortion, code != CURLE_OK { return fail(abortion, easy) }
    guard code == CURLE_OK, replies.stage == .done, replies.refusal == nil else {
      return fail(failure(code, easy), easy)
    }
    var accepted: [MailAddress] = []
    var refused: [MailClient.Receipt.Refusal] = []
    for (address, reply) in zip(message.to, replies.recipientReplies) {
      guard let reply else { continue }
      if reply.code < 400 {
        accepted.append(address)
      } else {
        refused.append(.init(address: address, code: reply.code, text: reply.text))
      }
    }
    takeWaiter()?.resume(returning: .init(accepted: accepted, refused: refused))
  }

  func fail(_ error: any Error, _ easy: EasyHandle?) {
    takeWaiter()?.resume(throwing: error)
  }

  /// The text was sent whole, and how the server took it is not known.
  func mayHaveArrived(_ easy: EasyHandle) -> Bool { textIsOut }

  private var textIsOut: Bool { sentBytes == text.count && replies.stage == .text }

  private func failure(_ code: CURLcode, _ easy: EasyHandle) -> FetchError {
    func refused(_ reply: SMTPReplies.Reply, _ what: String) -> FetchError {
      FetchError(.refused, "\(place) \(what)", cause: "SMTP \(reply.code) \(reply.text)")
    }
    if replies.stage == .login, replies.last?.code == 250 {
      return FetchError(.refused, "\(place) offers no log-in by PLAIN or LOGIN")
    }
    if code == CURLE_LOGIN_DENIED, let reply = replies.refusal {
      return refused(reply, "does not accept the user name or the password")
    }
    if let reply = replies.refusal { return refused(reply, "does not take the mail") }
    if let reply = replies.recipientReplies.compactMap({ $0 }).last,
      replies.recipientReplies.allSatisfy({ $0.map { $0.code >= 400 } ?? false })
    {
      return refused(reply, "takes the mail for none of its recipients")
    }
    if code == CURLE_USE_SSL_FAILED {
      return FetchError(.tls, "\(place) does not offer STARTTLS", cause: easy.cause(code))
    }
    // WRITE_ERROR: `SMTPReplies` did not take a line.
    return FetchError(
      code == CURLE_OK || code == CURLE_WRITE_ERROR ? CURLE_WEIRD_SERVER_REPLY : code,
      place: place,
      gate: gate,
      easy: easy,
      mayHaveArrived: mayHaveArrived(easy)
    )
  }

  private func takeWaiter() -> CheckedContinuation<MailClient.Receipt, any Error>? {
    waiter.withLock { waiter in
      defer { waiter = nil }
      return waiter
    }
  }
}
