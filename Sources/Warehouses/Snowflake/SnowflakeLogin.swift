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

  /// Signs with this key from now on.
  func use(_ version: UInt32) {
    self.version = version
    current = nil
  }

  func prove(_ version: UInt32) async throws { try await signer.prove(version: version) }

  private func isGood(_ login: SignedLogin) -> Bool {
    login.expiresAt > world.now().advanced(byNanoseconds: Self.margin)
  }
}
