/// The mail server that an operator names.
public struct MailConfiguration: Sendable {
  public enum Security: Sendable {
    /// TLS by STARTTLS; a server that does not offer it is refused. Port 587.
    case startTLS
    /// TLS from the first byte. Port 465.
    case tls
    /// None: only to a loopback address, whatever the policy allows.
    case plainToLoopback
  }

  /// User name and password; they print as `[redacted]`.
  public struct Login: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
  {
    let user: String
    let password: String

    /// - Throws: `FetchError` `invalidSetting` for a line break or NUL in either.
    public init(user: String, password: String) throws(FetchError) {
      guard !MailText.hasControls(user), !MailText.hasControls(password), !user.isEmpty else {
        throw FetchError(
          .invalidSetting,
          "the user name or the password for mail is empty or has a line break or control character"
        )
      }
      self.user = user
      self.password = password
    }

    public var description: String { "[redacted]" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
  }

  public var host: Host
  public var port: Int
  public var security: Security
  public var login: Login?
  /// What EHLO says; nil for this machine's name.
  public var helloName: Host?
  /// The operator's own server is usually in a private network: list it.
  public var policy: AddressPolicy
  /// A PEM file of the authorities to trust instead of the system's; nil for the system's.
  public var authorityFile: String?
  /// `connect` as it says, `firstByte` for each of the server's replies, `whole` for one mail.
  public var timeouts: FetchTimeouts

  /// - Parameter port: 1 to 65535; nil for the usual one of `security`.
  /// - Throws: `FetchError` `invalidSetting`.
  public init(
    host: Host,
    port: Int? = nil,
    security: Security = .startTLS,
    login: Login? = nil,
    policy: AddressPolicy = AddressPolicy(setting: "SLUICE_MAIL_ALLOW")
  ) throws(FetchError) {
    let usual =
      switch security {
      case .startTLS: 587
      case .tls: 465
      case .plainToLoopback: 25
      }
    guard (1...65_535).contains(port ?? usual) else {
      throw FetchError(.invalidSetting, "the port of the mail server is not from 1 to 65535")
    }
    self.host = host
    self.port = port ?? usual
    self.security = security
    self.login = login
    helloName = nil
    self.policy = policy
    authorityFile = nil
    timeouts = FetchTimeouts(whole: .seconds(120))
  }

  var place: String { "the mail server \(host):\(port)" }
}
