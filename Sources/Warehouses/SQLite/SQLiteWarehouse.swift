import Glibc
import SQLDatabase
import SyncModel
import Warehouse

/// A SQLite file on the orchestrator's machine, for trying things out and for small shops.
struct SQLiteWarehouse: WarehouseDriver {
  let type = "sqlite"
  let credentialTypes: [CredentialType] = []
  let schema = SettingsSchema([
    .init("file", .path, isRequired: true, help: "the database file on the orchestrator's machine"),
    .init(
      "timestamps",
      .choice(SQLiteInstants.allCases.map(\.rawValue)),
      defaultValue: SQLiteInstants.text.rawValue,
      help: "how UPDATED_AT is kept: ISO 8601 text (UTC where it names no offset), or Unix time in "
        + "seconds, ms, us or ns"
    ),
  ])

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let settings = try schema.validated(settings, type: type)
    let path = settings["file"] ?? ""
    try Self.checkFile(path)
    let instants = settings["timestamps"].flatMap(SQLiteInstants.init) ?? .text
    do {
      let file = try await ReadOnlySQLiteFile.open(path: path, functions: [instants.function])
      return SQLiteWarehouseConnection(file: file)
    } catch {
      throw SQLiteFailure.failure(error, source: "the file \(path)")
    }
  }

  /// Says what SQLite would only call "unable to open database file".
  private static func checkFile(_ path: String) throws(Failure) {
    var status = stat()
    guard !path.utf8.contains(0), stat(path, &status) == 0 else {
      let reason = path.utf8.contains(0) ? "the path holds a NUL" : String(cString: strerror(errno))
      throw Failure(
        "file_not_found",
        "the database file \(path.prefix(500)) cannot be opened: \(reason)",
        recovery: .needsOperator
      )
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure("file_not_found", "\(path) is no file", recovery: .needsOperator)
    }
    guard access(path, R_OK) == 0 else {
      throw Failure(
        "permission_denied",
        "the database file \(path) may not be read by this process",
        recovery: .needsOperator
      )
    }
  }
}
