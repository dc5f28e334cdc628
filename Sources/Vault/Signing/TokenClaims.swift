import Crypto
import SyncModel

/// A token's header and claims as JSON text, in the order they are added.
struct TokenClaims: ~Copyable {
  private var sink = ByteSink(capacity: 512)

  mutating func add(_ name: StaticString, _ value: String) {
    begin(name)
    JSONText.appendString(value, into: &sink)
  }

  mutating func add(_ name: StaticString, _ value: Int64) {
    begin(name)
    sink.append("\(value)")
  }

  /// The object's text.
  consuming func json() -> [UInt8] {
    if sink.bytes.isEmpty { sink.append("{") }
    sink.append("}")
    return Array(sink.bytes)
  }

  private mutating func begin(_ name: StaticString) {
    sink.append(sink.bytes.isEmpty ? "{" : ",")
    JSONText.appendString("\(name)", into: &sink)
    sink.append(":")
  }
}

/// How long a token lives, in whole seconds since 1970.
struct TokenLifetime: Sendable, Equatable {
  /// Neither Snowflake nor Google lets one live longer.
  static let longest: Int64 = 3600

  let issuedAt: Int64
  let expiresAt: Int64

  init(from now: Timestamp, seconds: Int64) {
    issuedAt = now.nanoseconds / 1_000_000_000
    expiresAt = issuedAt + min(seconds, Self.longest)
  }
}

/// The token by which Snowflake's SQL API knows a key pair ("Authenticating to the server", key pair).
enum SnowflakeToken {
  static func sign(
    for user: SnowflakeUser,
    fingerprint: String,
    _ lifetime: TokenLifetime,
    with key: RSAKeyPair
  ) throws(CryptoError) -> String {
    var header = TokenClaims()
    header.add("alg", "RS256")
    header.add("typ", "JWT")
    let subject = "\(user.account).\(user.name)"
    var claims = TokenClaims()
    claims.add("iss", "\(subject).\(fingerprint)")
    claims.add("sub", subject)
    claims.add("iat", lifetime.issuedAt)
    claims.add("exp", lifetime.expiresAt)
    return try JSONWebToken.sign(header: header.json(), claims: claims.json(), with: key)
  }
}

/// The assertion by which Google knows a service account: to be exchanged for an access token (RFC
/// 7523), or sent in its place (AIP-4111).
enum GoogleAssertion {
  /// What Google's own libraries claim, wherever the exchange is made.
  static let audience = "https://oauth2.googleapis.com/token"

  static func sign(
    for account: ServiceAccount,
    scope: String,
    audience: String,
    _ lifetime: TokenLifetime,
    with key: RSAKeyPair
  ) throws(CryptoError) -> String {
    var header = TokenClaims()
    header.add("alg", "RS256")
    header.add("typ", "JWT")
    header.add("kid", account.keyID)
    var claims = TokenClaims()
    claims.add("iss", account.email)
    if audience.isEmpty {
      claims.add("scope", scope)
      claims.add("aud", account.isGoogles ? Self.audience : account.tokenURI)
    } else {
      claims.add("sub", account.email)
      claims.add("aud", audience)
    }
    claims.add("iat", lifetime.issuedAt)
    claims.add("exp", lifetime.expiresAt)
    return try JSONWebToken.sign(header: header.json(), claims: claims.json(), with: key)
  }
}
