/// Sends mails over libcurl's SMTP, one after another, each over a connection of its own.
public final class MailClient: Sendable {
  public let configuration: MailConfiguration
  private let thread: CurlThread

  /// - Throws: `FetchError` `unavailable` when the system has no thread, memory or descriptors left.
  public init(_ configuration: MailConfiguration) throws(FetchError) {
    self.configuration = configuration
    thread = try CurlThread(total: 1, perLane: 1, maximumWaiting: 1000)
  }

  /// What became of a mail that the server took for at least one recipient.
  public struct Receipt: Sendable {
    public struct Refusal: Sendable {
      public let address: MailAddress
      /// SMTP's reply code: 4xx may change, 5xx will not.
      public let code: Int
      /// The server's words, printable ASCII, at most 200 bytes; for operators.
      public let text: String
    }

    public let accepted: [MailAddress]
    public let refused: [Refusal]
  }

  /// Gives the mail to the server, which from then on is responsible for it.
  ///
  /// It is sent to the recipients that the server takes; those that it refuses are in the receipt.
  /// - Throws: `FetchError`: `refused` when the server takes it for nobody or not at all,
  ///   `mayHaveArrived` when its answer to the text was lost; `CancellationError`.
  public func send(_ message: MailMessage) async throws -> Receipt {
    if case .address(let address) = configuration.host,
      let reason = Self.refusal(of: address, configuration)
    {
      throw FetchError(.notAllowed, reason)
    }
    let transfer = MailTransfer(message, configuration)
    return try await withTaskCancellationHandler {
      try await transfer.receipt(on: thread)
    } onCancel: {
      transfer.cancel(on: thread)
    }
  }

  static func refusal(of address: IPAddress, _ configuration: MailConfiguration) -> String? {
    if configuration.security == .plainToLoopback {
      return AddressClass(address) == .loopback
        ? nil : "mail without TLS goes to a loopback address only, not to \(address)"
    }
    return configuration.policy.refusal(of: address)
  }
}
