import SQLDatabase

/// A SQLite file with the four tables of the Cloud Data Ingestion guide, empty, to try things with.
enum LocalWarehouse {
  static let sourceName = "warehouse"

  /// Makes the tables that are not there.
  static func prepare(_ path: String) async throws {
    do {
      let database = try await SQLiteDatabase.open(path: path, migrations: SQLMigrations([]))
      do {
        try await database.transaction { connection in
          for name in ["attributes", "events", "purchases"] {
            try connection.execute(table(name, with: "payload TEXT NOT NULL"))
          }
          // A table of deletes has no payload (R26).
          try connection.execute(table("deletes", with: nil))
        }
      } catch {
        await database.close()
        throw error
      }
      await database.close()
    } catch {
      throw CommandFailure("cannot make the warehouse \(path): \(error)", exit: .failure)
    }
  }

  private static func table(_ name: String, with payload: String?) -> String {
    let columns =
      [
        "updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))",
        "external_id TEXT", "alias_label TEXT", "alias_name TEXT", "braze_id TEXT", "email TEXT",
        "phone TEXT",
      ] + [payload].compactMap(\.self)
    return
      "CREATE TABLE IF NOT EXISTS users_\(name)_sync (\n  \(columns.joined(separator: ",\n  "))\n)"
  }
}
