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
      tag: tag,
      client: try client(settings),
      world: surroundings.world
    )
    let connection = SnowflakeWarehouseConnection(session)
    guard credentials.provesKeys else { return connection }
    do {
      try await Self.proveKeys(connection, login)
    } catch {
      await session.close()
      throw error
    }
    return connection
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

  /// Logs in with the key in force, which proves it; then with each other key that can sign, as that is
  /// what a test of a source is for, while the key in force goes on signing.
  ///
  /// Where the key in force is not known to the server, the session has turned to another one and
  /// proven that.
  private static func proveKeys(
    _ connection: SnowflakeWarehouseConnection,
    _ login: SnowflakeLogin
  ) async throws {
    let inForce = try await login.token()
    try await connection.greet()
    guard try await login.token().version == inForce.version else { return }
    try await login.prove(inForce.version)
    for other in inForce.otherVersions {
      await login.use(other)
      do {
        try await connection.greet()
        try await login.prove(other)
      } catch let failure as Failure
        where ["login_failed", "key_not_found"].contains(failure.code)
      {
        // The server does not know it yet, or the vault does not sign with it any more.
      }
    }
    await login.use(0)
  }
}
