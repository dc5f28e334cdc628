import SQLDatabase
import TestSupport
import Testing

/// What a service's store can be kept in.
enum StoreEngine: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case sqlite
  case postgresql

  var testDescription: String { rawValue }
}

/// An empty store of the test's own, which it may open as often as it likes.
struct StoreFixture: Sendable {
  let engine: StoreEngine
  private let directory: TemporaryDirectory
  let configuration: PostgreSQLDatabase.Configuration?

  static let table = SQLMigrations([
    """
    CREATE TABLE t (
      id INTEGER PRIMARY KEY, -- INTEGER, and a '?1'
      v TEXT UNIQUE,
      n INTEGER,
      b BLOB,
      r REAL
    )
    """
  ])

  init(_ engine: StoreEngine) throws {
    self.engine = engine
    directory = try TemporaryDirectory()
    switch engine {
    case .sqlite: configuration = nil
    case .postgresql:
      var made = PostgreSQLDatabase.Configuration(
        server: try PostgreSQLCluster.shared().configuration,
        schema: "t_" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
      )
      // The shared cluster is for what is fast; PostgreSQLDatabaseTests has a durable one.
      made.acceptsUnsafeStorage = true
      configuration = made
    }
  }

  func open(_ migrations: SQLMigrations = table) async throws -> any SQLDatabase {
    guard let configuration else {
      return try await SQLiteDatabase.open(
        path: directory.file("state.sqlite"),
        migrations: migrations
      )
    }
    return try await PostgreSQLDatabase.open(configuration, migrations: migrations)
  }
}

extension SQLDatabase {
  func count(_ table: String = "t") async throws -> Int64? {
    try await read { try $0.first("SELECT count(*) FROM \(table)") { $0.int64(0) } }
  }
}
