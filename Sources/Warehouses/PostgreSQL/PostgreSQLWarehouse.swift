import Glibc
import SQLDatabase
import SyncModel
import Warehouse

/// PostgreSQL 10 and later through libpq; the ground for Redshift, which speaks its wire.
struct PostgreSQLWarehouse: WarehouseDriver {
  let type = "postgresql"
  let credentialTypes = [CredentialType.password]
  let schema = SettingsSchema([
    .init("host", .text, isRequired: true, help: "one host name or IP address"),
    .init("port", .port, defaultValue: "5432", help: "the server's port"),
    .init("database", .text, isRequired: true, help: "the database's name"),
    .init(
      "tls",
      .choice(PostgreSQLConfiguration.TLS.allCases.map(\.rawValue)),
      defaultValue: PostgreSQLConfiguration.TLS.verifyFull.rawValue,
      help: "verify-full checks the server's certificate and its name; disable sends plain text"
    ),
    .init(
      "caFile",
      .path,
      defaultValue: PostgreSQLConfiguration.systemAuthorities,
      help: "the certificates (PEM) of the authorities that verify-ca and verify-full trust"
    ),
  ])

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let settings = try schema.validated(settings, type: type)
    guard let credential = credentials.main else {
      throw Failure(
        "credential_missing",
        "a postgresql source needs a credential: a user name and password",
        recovery: .needsOperator
      )
    }
    let configuration = try Self.configuration(settings, credential)
    do {
      let connection = try await PostgreSQLConnection.open(configuration)
      try await connection.script(Self.sessionSettings)
      return PostgreSQLWarehouseConnection(connection, database: configuration.database)
    } catch {
      throw PostgreSQLFailure.connecting(error, configuration)
    }
  }

  /// The text form of instants is in UTC and ISO 8601 whatever the server or the role is set to
  /// (R14), and nothing can be written.
  private static let sessionSettings = """
    SET timezone TO 'UTC';
    SET datestyle TO 'ISO, YMD';
    SET extra_float_digits TO 3;
    SET statement_timeout TO 0;
    SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
    """

  private static func configuration(
    _ settings: [String: String],
    _ credential: WarehouseCredential
  ) throws(Failure) -> PostgreSQLConfiguration {
    func invalid(_ message: String) -> Failure {
      Failure("invalid_settings", message, recovery: .needsOperator)
    }
    let tls = settings["tls"].flatMap(PostgreSQLConfiguration.TLS.init) ?? .verifyFull
    let caFile = settings["caFile"] ?? PostgreSQLConfiguration.systemAuthorities
    if tls == .verifyCA || tls == .verifyFull, access(caFile, R_OK) != 0 {
      throw invalid("setting \"caFile\": the file \(caFile) cannot be read")
    }
    let texts = [settings["host"], settings["database"], credential.username, caFile]
    guard texts.allSatisfy({ $0?.utf8.contains(0) == false }), !credential.username.isEmpty,
      !credential.secret.contains(0)
    else { throw invalid("a setting or the credential is empty or holds a NUL byte") }
    return PostgreSQLConfiguration(
      host: settings["host"] ?? "",
      port: Int(settings["port"] ?? "") ?? 5432,
      database: settings["database"] ?? "",
      user: credential.username,
      password: credential.secret,
      tls: tls,
      caFile: caFile
    )
  }
}
