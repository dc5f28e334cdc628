import CCurl
import Synchronization

/// One request on its way.
///
/// Safety: what is not under a lock is written before the transfer is given to the loop, and touched
/// by the loop's thread only from then on. Callbacks get an unretained pointer to it: the loop holds
/// it until the handle is off libcurl's hands.
final class HTTPTransfer: Transfer, @unchecked Sendable {
  let request: HTTPRequest
  let configuration: HTTPClientConfiguration
  let lane: String
  let place: String
  let pipe: BodyPipe
  let gate: SocketGate
  var clock: TransferClock
  var head: ResponseHead
  /// Our reason for ending it from inside a callback.
  var failure: FetchError?
  var decodedBytes = 0
  var sentBytes = 0
  weak var handle: EasyHandle?
  private let waiter = Mutex<CheckedContinuation<ResponseHead, any Error>?>(nil)
  private let cancellation = Mutex(false)

  init(_ request: HTTPRequest, _ configuration: HTTPClientConfiguration) {
    self.request = request
    self.configuration = configuration
    lane = request.url.origin
    place = request.url.origin
    pipe = BodyPipe(capacity: configuration.bodyBuffer)
    let policy = configuration.policy
    let hasProxy = configuration.proxy != nil
    gate = SocketGate { hasProxy ? nil : policy.refusal(of: $0) }
    clock = TransferClock(request.timeouts ?? configuration.timeouts, now: CurlLoop.monotonicNow())
    head = ResponseHead(limit: configuration.headerLimit)
  }

  var isCancelled: Bool { cancellation.withLock { $0 } }

  func cancel(on thread: CurlThread) {
    cancellation.withLock { $0 = true }
    thread.cancel(self)
  }

  /// Starts it and waits for its final head.
  func response(on thread: CurlThread) async throws -> ResponseHead {
    try await withCheckedThrowingContinuation { continuation in
      waiter.withLock { $0 = continuation }
      thread.start(self)
    }
  }

  /// libcurl's thread: the head is complete.
  func answer() {
    clock.beginBody(now: CurlLoop.monotonicNow())
    takeWaiter()?.resume(returning: head)
  }

  func complete(_ code: CURLcode, _ easy: EasyHandle) {
    if failure == nil, code == CURLE_OK, head.isComplete { return pipe.finish(.success(())) }
    if let failure { return fail(failure, easy) }
    guard code != CURLE_OK else {
      return fail(FetchError(.protocolViolation, "the answer of \(place) has no head"), easy)
    }
    fail(
      FetchError(
        code,
        place: place,
        gate: gate,
        easy: easy,
        mayHaveArrived: mayHaveArrived(easy)
      ),
      easy
    )
  }

  func fail(_ error: any Error, _ easy: EasyHandle?) {
    pipe.finish(.failure(error))
    takeWaiter()?.resume(throwing: error)
  }

  func abort(with error: any Error) -> Bool { false }

  func mayHaveArrived(_ easy: EasyHandle) -> Bool {
    sentBytes > 0 || easy.long(CURLINFO_REQUEST_SIZE) > 0
  }

  private func takeWaiter() -> CheckedContinuation<ResponseHead, any Error>? {
    waiter.withLock { waiter in
      defer { waiter = nil }
      return waiter
    }
  }
}
