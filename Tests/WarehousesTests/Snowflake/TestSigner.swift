import Crypto
import Foundation
import SyncModel
import Synchronization
import Warehouse

/// Key pairs that tests hold themselves, in the vault's place: it signs as Snowflake's page on
/// key-pair authentication says. Making a key is slow, so there are two for all tests.
struct TestKeys: Sendable {
  let first: RSAKeyPair
  let second: RSAKeyPair

  static let shared = Result {
    TestKeys(first: try .generate(bits: 2048), second: try .generate(bits: 2048))
  }
}

final class TestSigner: WarehouseSigner {
  struct State {
    /// The one in force first.
    var versions: [UInt32] = [1]
    var lifetime: Int64 = 3540
    var skew: Int64 = 0
    var user = "SLUICE"
    var signatures = 0
    var proven: [UInt32] = []
    var accounts: [String] = []
  }
  let state = Mutex(State())
  private let keys: TestKeys

  init(_ keys: TestKeys) { self.keys = keys }

  var publicKey: String { keys.first.publicKeyPEM }
  var signatures: Int { state.withLock { $0.signatures } }
  var proven: [UInt32] { state.withLock { $0.proven } }

  func snowflakeToken(account: String, version: UInt32) async throws -> SignedLogin {
    let (versions, lifetime, skew, user) = state.withLock { state in
      state.signatures += 1
      state.accounts.append(account)
      return (state.versions, state.lifetime, state.skew, state.user)
    }
    let used = version == 0 ? versions.first ?? 1 : version
    let key = used == 1 ? keys.first : keys.second
    let separator: Character = account.lowercased().contains(".global") ? "-" : "."
    let name = account.prefix { $0 != separator }.uppercased()
    let now = World.system.now().nanoseconds / 1_000_000_000 + skew
    let header = #"{"alg":"RS256","typ":"JWT"}"#
    let claims = """
      {"iss":"\(name).\(user).\(key.fingerprint)","sub":"\(name).\(user)","iat":\(now),\
      "exp":\(now + lifetime)}
      """
    let token = try JSONWebToken.sign(
      header: Array(header.utf8),
      claims: Array(claims.utf8),
      with: key
    )
    return SignedLogin(
      token: Array(token.utf8),
      issuedAt: Timestamp(nanoseconds: now * 1_000_000_000),
      expiresAt: Timestamp(nanoseconds: (now + lifetime) * 1_000_000_000),
      version: used,
      otherVersions: versions.filter { $0 != used }
    )
  }

  func googleAssertion(scope: String, audience: String) async throws -> SignedLogin {
    throw EmulatorError("a key pair signs no assertions")
  }

  func sshSignature(of data: [UInt8]) async throws -> [UInt8] {
    throw EmulatorError("a key pair signs in at no SSH server")
  }

  func prove(version: UInt32) async throws { state.withLock { $0.proven.append(version) } }
}
