public import SyncModel

/// The types of credentials that a driver may ask for, as the vault names them.
public enum CredentialType: String, Sendable, CaseIterable {
  case password
  case token
  /// The user name is the client's id, the secret its secret.
  case oauthClient = "oauth_client"
  /// RSA; the vault signs Snowflake's tokens with it.
  case keyPair = "key_pair"
  /// The vault signs Google's assertions with it.
  case serviceAccount = "service_account"
  /// The vault signs in at SSH servers with it.
  case sshKeyPair = "ssh_key_pair"

  /// Its private key never leaves the vault: a driver has it sign instead.
  public var signs: Bool {
    switch self {
    case .password, .token, .oauthClient: false
    case .keyPair, .serviceAccount, .sshKeyPair: true
    }
  }
}

/// What the vault gave for one connection. Not to be kept or printed.
public struct WarehouseCredential: Sendable {
  public var type: CredentialType
  public var username: String
  /// Empty where the vault signs.
  public var secret: [UInt8]
  /// nil where the vault hands the secret out.
  public var signer: (any WarehouseSigner)?

  public init(
    type: CredentialType = .password,
    username: String,
    secret: [UInt8] = [],
    signer: (any WarehouseSigner)? = nil
  ) {
    self.type = type
    self.username = username
    self.secret = secret
    self.signer = signer
  }
}

/// The credentials of a source: its own, and those that its settings name.
public struct WarehouseCredentials: Sendable {
  /// nil where the driver needs none.
  public var main: WarehouseCredential?
  /// By the name of the setting, for settings of the kind `credential`.
  public var named: [String: WarehouseCredential]
  /// The connection is for a test: keys that can sign but are not in force are to be tried as well,
  /// and those that the server takes to be proven.
  public var provesKeys: Bool

  public init(
    _ main: WarehouseCredential? = nil,
    named: [String: WarehouseCredential] = [:],
    provesKeys: Bool = false
  ) {
    self.main = main
    self.named = named
    self.provesKeys = provesKeys
  }
}

/// A private key in the vault, as a driver may use it. Every signature is in the vault's audit log.
public protocol WarehouseSigner: Sendable {
  /// The key's public half: PEM of a key pair, a line of authorized_keys of an SSH key pair, empty of
  /// a service account.
  var publicKey: String { get }

  /// A token for Snowflake's SQL API.
  /// - Parameters:
  ///   - account: the account's identifier, as in its URL.
  ///   - version: which key signs; 0 for the one that is active, or the first while none is.
  /// - Throws: `Failure`.
  func snowflakeToken(account: String, version: UInt32) async throws -> SignedLogin

  /// An assertion that Google exchanges for an access token.
  /// - Parameters:
  ///   - scope: space separated; empty with an audience.
  ///   - audience: empty, or the API that takes the token itself (AIP-4111).
  /// - Throws: `Failure`.
  func googleAssertion(scope: String, audience: String) async throws -> SignedLogin

  /// The signature of an SSH client's request to sign in (RFC 4252, section 7), in SSH's own form.
  /// - Throws: `Failure`.
  func sshSignature(of data: [UInt8]) async throws -> [UInt8]

  /// Tells the vault that a login with this key has worked, so that it may be promoted.
  /// - Throws: `Failure`.
  func prove(version: UInt32) async throws
}

/// A token that the vault has signed. Not to be printed.
public struct SignedLogin: Sendable {
  public var token: [UInt8]
  public var issuedAt: Timestamp
  public var expiresAt: Timestamp
  /// The key that signed.
  public var version: UInt32
  /// Other keys that can sign: to be tried once when the login fails.
  public var otherVersions: [UInt32]
  /// Of a service account: where the assertion is exchanged.
  public var tokenURI: String
  /// Of a service account: the project that its key file names.
  public var projectID: String

  public init(
    token: [UInt8],
    issuedAt: Timestamp,
    expiresAt: Timestamp,
    version: UInt32 = 1,
    otherVersions: [UInt32] = [],
    tokenURI: String = "",
    projectID: String = ""
  ) {
    self.token = token
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
    self.version = version
    self.otherVersions = otherVersions
    self.tokenURI = tokenURI
    self.projectID = projectID
  }
}
