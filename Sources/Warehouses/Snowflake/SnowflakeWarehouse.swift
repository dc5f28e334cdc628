import Glibc
import HTTPFetch
import SyncModel
import Warehouse

/// Snowflake through its SQL API v2, with key-pair login (warehouses.md, A).
struct SnowflakeWarehouse: WarehouseDriver {
  let type = "snowflake"
  let credentialTypes: [CredentialType] = [.keyPair]
  let schema = SnowflakeSettings.schema
  private let surroundings: WarehouseSurroundings

  init(_ surroundings: WarehouseSurroundings) { self.surroundings = surroundings }

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let settings = try SnowflakeSettings(schema.validated(settings, type: type))
    guard let credential = credentials.main, let signer = credential.signer else {
      throw Failure(
        "credential_missing",
        "a snowflake source needs a credential of type key_pair",
        recovery: .needsOperator
      )
    }
    if let file = settings.authorityFile, access(file, R_OK) != 0 {
      throw Failure(
        "invalid_settings",
        "setting \"caFile\": the file \(file) cannot be read",
        recovery: .needsOperator
      )
    }
    let login = SnowflakeLogin(signer, account: settings.account, world: surroundings.world)
    let session = SnowflakeSession(
      settings,
      login: login,
      user: credential.username,
      client: try client(settings),
      world: surroundings.world
    )
    do {
      let version = try await Self.logIn(session, login, provesKeys: credentials.provesKeys)
      return SnowflakeWarehouseConnection(session, version: version)
    } catch {
      await session.close()
      throw error
    }
  }

  private func client(_ settings: SnowflakeSettings) throws(Failure) -> HTTPClient {
    var configuration = HTTPClientConfiguration(
      policy: surroundings.egress,
      authorityFile: settings.authorityFile
    )
    configuration.userAgent = surroundings.userAgent
    configuration.bodyBuffer = PartitionWindow.bodyBuffer
    do {
      return try HTTPClient(configuration)
    } catch {
      throw Failure("connection_lost", error.message, recovery: .retry, cause: error.cause)
    }
  }

  /// Asks for the server's version, which needs a good token, the role, and no warehouse.
  ///
  /// Where the key in force is not known to the server, the others that can sign are tried once. A test
  /// tries them in any case: each one that works is proven, while the key in force goes on signing.
  private static func logIn(
    _ session: SnowflakeSession,
    _ login: SnowflakeLogin,
    provesKeys: Bool
  ) async throws -> String {
    let signed = try await login.token()
    var others = signed.otherVersions
    var used = signed.version
    var version: String
    do {
      version = try await greet(session)
    } catch let refusal as Failure where refusal.code == "login_failed" {
      var found: String?
      while found == nil, let other = others.first {
        others.removeFirst()
        found = try await attempt(other, session, login)
        if found != nil { used = other }
      }
      guard let found else { throw refusal }
      version = found
      try await login.prove(used)
      return version
    }
    guard provesKeys else { return version }
    try await login.prove(used)
    for other in others where try await attempt(other, session, login) != nil {
      try await login.prove(other)
    }
    // The key in force signs what follows.
    await login.use(0)
    return version
  }

  /// nil where the server refuses the key, or the vault does not sign with it any more.
  private static func attempt(
    _ version: UInt32,
    _ session: SnowflakeSession,
    _ login: SnowflakeLogin
  ) async throws -> String? {
    await login.use(version)
    do {
      return try await greet(session)
    } catch let failure as Failure
      where ["login_failed", "key_not_found"].contains(failure.code)
    {
      return nil
    }
  }

  private static func greet(_ session: SnowflakeSession) async throws -> String {
    let statement = SnowflakeStatement(
      text: "SELECT CURRENT_VERSION()",
      source: "the server's version"
    )
    return try await session.small(statement).rows.first?.first.flatMap { $0 } ?? "?"
  }
}
