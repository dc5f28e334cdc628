import Crypto
import SyncModel
import Warehouse

/// Signs with a private key of its own, in the vault's place: what is measured is the driver.
struct KeySigner: WarehouseSigner {
  private let key: RSAKeyPair
  /// Snowflake's user.
  private let user: String
  /// Of a service account's file.
  private let account: ServiceAccount?

  struct ServiceAccount: Decodable {
    var client_email: String
    var private_key_id: String
    var private_key: String
    var token_uri: String
  }

  init(privateKey: String, user: String) throws {
    key = try RSAKeyPair(importing: SecretBytes(Array(privateKey.utf8)), passphrase: nil)
    self.user = user
    account = nil
  }

  init(_ account: ServiceAccount) throws {
    key = try RSAKeyPair(importing: SecretBytes(Array(account.private_key.utf8)), passphrase: nil)
    user = ""
    self.account = account
  }

  var publicKey: String { key.publicKeyPEM }

  func snowflakeToken(account: String, version: UInt32) async throws -> SignedLogin {
    let name = account.prefix { $0 != "." }.uppercased()
    return try sign(
      header: #"{"alg":"RS256","typ":"JWT"}"#,
      lifetime: 3540,
      claims: #""iss":"\#(name).\#(user).\#(key.fingerprint)","sub":"\#(name).\#(user)""#
    )
  }

  func googleAssertion(scope: String, audience: String) async throws -> SignedLogin {
    guard let account else { throw OtherUse() }
    var login = try sign(
      header: #"{"alg":"RS256","typ":"JWT","kid":"\#(account.private_key_id)"}"#,
      lifetime: 3600,
      claims: #""iss":"\#(account.client_email)","scope":"\#(scope)","#
        + #""aud":"https://oauth2.googleapis.com/token""#
    )
    login.tokenURI = account.token_uri
    return login
  }

  private func sign(header: String, lifetime: Int64, claims: String) throws -> SignedLogin {
    let now = Clock.now()
    let second = now.nanoseconds / 1_000_000_000
    let token = try JSONWebToken.sign(
      header: Array(header.utf8),
      claims: Array(#"{\#(claims),"iat":\#(second),"exp":\#(second + lifetime)}"#.utf8),
      with: key
    )
    return SignedLogin(
      token: Array(token.utf8),
      issuedAt: now,
      expiresAt: now.advanced(byNanoseconds: lifetime * 1_000_000_000)
    )
  }

  func sshSignature(of data: [UInt8]) async throws -> [UInt8] { throw OtherUse() }
  func prove(version: UInt32) async throws {}

  struct OtherUse: Error {}
}
