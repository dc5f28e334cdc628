extension SQLiteDatabase {
  /// Applies the steps that the file does not have yet, all of them or none. How many it has is kept
  /// in `user_version`.
  static func migrate(
    _ connection: SQLiteConnection,
    _ migrations: SQLMigrations,
    path: String
  ) throws {
    // The lock first: another process may be migrating the same file.
    try connection.transaction("BEGIN IMMEDIATE") {
      let applied = try connection.first("PRAGMA user_version") { $0.int64(0) } ?? 0
      guard let applied = Int(exactly: applied), (0...migrations.steps.count).contains(applied)
      else {
        throw SQLError(
          .cannotOpen,
          """
          the database \(path) is of a newer release: its schema has step \(applied), this build \
          knows \(migrations.steps.count); use the newer release, or another database
          """,
          nativeCode: "newer schema"
        )
      }
      for step in migrations.steps.dropFirst(applied) { try connection.script(step) }
      if applied < migrations.steps.count {
        try connection.script("PRAGMA user_version = \(migrations.steps.count)")
      }
    }
  }
}
