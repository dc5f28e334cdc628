public import SyncModel

/// Something that the contacts of a sync are told by mail, or a program by webhook.
public struct Alert: Sendable, Equatable {
  public enum Kind: String, Sendable {
    /// A run failed as a whole (R131); once, until the sync works again or fails in another way.
    case failed
    /// The sync works again after it failed.
    case recovered
    /// More rows were rejected than the sync's threshold (R132).
    case rowErrors = "row_errors"
    /// A run succeeded, where the sync asks for that (R133).
    case success
    /// A column of the sync vanished, and it is paused (R142).
    case paused
    /// `sluice alert test`.
    case test
  }

  public enum Channel: String, Sendable, CaseIterable {
    case mail
    case webhook
  }

  /// Also the mail's: a repeat is recognised by it.
  public var id: String
  public var kind: Kind
  public var channel: Channel
  public var workspace: String
  public var sync: String
  /// Of a mail.
  public var contacts: [String]
  /// Of a mail.
  public var subject: String
  /// A mail's text; a webhook's JSON object.
  public var body: String
  public var at: Timestamp
}

/// A contact for whom the mail server did not take an alert, in its words.
public struct RefusedContact: Sendable, Equatable {
  public var address: String
  public var reason: String
  /// It may be taken later: a full mailbox, or grey-listing (RFC 5321, 4.2.1: codes 4yz).
  public var mayChange: Bool

  public init(address: String, reason: String, mayChange: Bool) {
    self.address = address
    self.reason = reason
    self.mayChange = mayChange
  }
}

/// The ways by which alerts leave; nil where one is not configured.
public struct AlertCarriers: Sendable {
  public var mail: (any AlertCarrier)?
  public var webhook: (any AlertCarrier)?

  public init(mail: (any AlertCarrier)? = nil, webhook: (any AlertCarrier)? = nil) {
    self.mail = mail
    self.webhook = webhook
  }

  var isEmpty: Bool { mail == nil && webhook == nil }

  subscript(channel: Alert.Channel) -> (any AlertCarrier)? {
    switch channel {
    case .mail: mail
    case .webhook: webhook
    }
  }
}

/// The way by which alerts leave. The process chooses it.
public protocol AlertCarrier: Sendable {
  /// Hands the alert over to whoever delivers it; may be called again with the same alert.
  /// - Returns: the contacts whom it was not handed over for; it was for at least one.
  /// - Throws: when it was handed over to nobody.
  func deliver(_ alert: Alert) async throws -> [RefusedContact]
}
