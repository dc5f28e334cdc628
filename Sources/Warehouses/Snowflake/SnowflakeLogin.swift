import SyncModel
import Warehouse

/// The token that requests carry: made by the vault, kept while it is good, made anew before it ends.
actor SnowflakeLogin {
  private let signer: any WarehouseSigner
  private let account: String
  private let world: World
  /// Which key signs; 0 for the one in force.
  private var version: UInt32 = 0
  private var current: SignedLogin?
  /// Keys that the server has refused, or the vault does not sign with any more.
  private var refusedVersions: Set<UInt32> = []
  /// One certain key is to be tried, and no other.
  private var isFixed = false

  /// A token that ends sooner is not begun with: a request may be under way when it does.
  private static let margin: Int64 = 120_000_000_000

  init(_ signer: any WarehouseSigner, account: String, world: World) {
    self.signer = signer
    self.account = account
    self.world = world
  }

  /// - Throws: `Failure` of the vault's.
  func token() async throws -> SignedLogin {
    if let current, isGood(current) { return current }
    let made = try await signer.snowflakeToken(account: account, version: version)
    current = made
    return made
  }

  /// The server refused this token: the next one is made anew.
  func refused(_ login: SignedLogin) {
    if current?.token == login.token { current = nil }
  }

  /// Signs with this key from now on, and turns to no other; 0 for the one in force, and the others.
  func use(_ version: UInt32) {
    self.version = version
    isFixed = version != 0
    current = nil
  }

  /// Signs with the next key that can, as the server knows none that signed so far: a rotation may have
  /// gone half its way.
  /// - Returns: false where there is no other.
  /// - Throws: `Failure` of the vault's.
  func turn(from login: SignedLogin) async throws -> Bool {
    guard !isFixed else { return false }
    // Somebody else's request has found one meanwhile.
    if let current, current.version != login.version { return true }
    refusedVersions.insert(login.version)
    for next in login.otherVersions where refusedVersions.insert(next).inserted {
      version = next
      current = nil
      do {
        _ = try await token()
        return true
      } catch let failure as Failure where failure.code == "key_not_found" {
        continue
      }
    }
    version = 0
    current = nil
    return false
  }

  func prove(_ version: UInt32) async throws { try await signer.prove(version: version) }

  private func isGood(_ login: SignedLogin) -> Bool {
    login.expiresAt > world.now().advanced(byNanoseconds: Self.margin)
  }
}
