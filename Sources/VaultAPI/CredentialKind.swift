public import Wire

/// `sluice.vault.v1.CredentialKind`.
public enum CredentialKind: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  case password = 1
  /// RSA, for Snowflake.
  case keyPair = 2
  /// Ed25519 or RSA, for an SSH tunnel.
  case sshKeyPair = 3
  /// Google's JSON key file.
  case serviceAccount = 4
  /// A Databricks personal access token.
  case token = 5
  /// A Databricks service principal: the username is the client's id.
  case oauthClient = 6
  /// A Braze REST API key.
  case apiKey = 7
  /// A login at a mail server.
  case smtp = 8
}

extension CredentialKind {
  /// The name that users write (`type: key_pair`); nil for `unspecified`.
  public var name: String? {
    switch self {
    case .unspecified: nil
    case .password: "password"
    case .keyPair: "key_pair"
    case .sshKeyPair: "ssh_key_pair"
    case .serviceAccount: "service_account"
    case .token: "token"
    case .oauthClient: "oauth_client"
    case .apiKey: "api_key"
    case .smtp: "smtp"
    }
  }

  public init?(name: String) {
    guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = kind
  }

  /// What users may write, in order.
  public static var names: [String] { allCases.compactMap(\.name) }

  /// Whether the vault signs with it and never gives it out (design, decision 15).
  public var neverLeaves: Bool {
    switch self {
    case .keyPair, .sshKeyPair, .serviceAccount: true
    default: false
    }
  }

  /// Whether there is a public key to register, and a rotation with proof.
  public var isPair: Bool { self == .keyPair || self == .sshKeyPair }
}
