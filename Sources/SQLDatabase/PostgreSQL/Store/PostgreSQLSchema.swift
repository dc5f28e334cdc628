import Glibc

/// The schema of a service's tables, and in it the table `sluice_schema` of one row: how many of the
/// migrations' steps have been applied, and the lock that every write transaction takes.
///
/// Why one lock, and not SERIALIZABLE with retries: a body of `transaction` makes ids and seals
/// secrets, and is promised to run once and alone; PostgreSQL's serializable transactions overlap,
/// and one of them fails at its end. With the lock there is nothing to run again, and READ COMMITTED
/// is enough: whoever holds it sees everything that was committed before. Why a row lock and neither
/// an advisory one nor LOCK TABLE: engines that only speak PostgreSQL's wire have it too
/// (CockroachDB takes `pg_advisory_xact_lock` and does nothing). It orders the writes of all replicas
/// of one service; readers do not wait.
enum PostgreSQLSchema {
  private static let lock = "SELECT step FROM sluice_schema WHERE only_row = 1 FOR UPDATE"

  /// Begins a write transaction that no other one overlaps.
  static func beginLocked(_ session: PostgreSQLSession) throws {
    let rows = try session.rows("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; \(lock)")
    guard rows.count == 1 else { throw lostTable }
  }

  /// Makes schema and table where they are missing, and applies the steps that are not applied yet,
  /// all of them or none.
  ///
  /// - Throws: `SQLError`, `PostgreSQLError`.
  static func migrate(
    _ session: PostgreSQLSession,
    _ migrations: SQLMigrations,
    schema: String
  ) throws {
    try make(session, schema: schema)
    do {
      let rows = try session.rows(
        // Longer than a write waits: another replica may be applying a long step.
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout TO '60s'; \(lock)"
      )
      guard let row = rows.first, let text = row.first, let applied = text.flatMap({ Int($0) })
      else { throw lostTable }
      guard (0...migrations.steps.count).contains(applied) else {
        throw SQLError(
          .cannotOpen,
          """
          the database's schema \(schema) is of a newer release: it has step \(applied), this build \
          knows \(migrations.steps.count); use the newer release, or another database
          """,
          nativeCode: "newer schema"
        )
      }
      for step in migrations.steps.dropFirst(applied) {
        let script = PostgreSQLText.migration(step)
        do {
          try session.script(script)
        } catch let error as PostgreSQLError {
          throw SQLError.postgreSQL(error, sql: script)
        }
      }
      try session.script("UPDATE sluice_schema SET step = \(migrations.steps.count)")
      guard try session.command("COMMIT") == "COMMIT" else { throw lostTable }
    } catch {
      // The session is dropped where this fails too.
      try? session.script("ROLLBACK")
      throw error
    }
  }

  /// `IF NOT EXISTS` looks first and makes then: of two replicas that start at once, one fails and
  /// finds it made when it looks again. It also asks for the right to make what is there already.
  private static func make(_ session: PostgreSQLSession, schema: String) throws {
    for attempt in 1... {
      do {
        try makeOnce(session, schema: schema)
        return
      } catch let error as PostgreSQLError {
        let races = ["23505", "42P06", "42P07", "42710", "40001", "40P01", "XX000"]
        guard attempt < 10, let state = error.sqlState, races.contains(state) else {
          guard error.sqlState == "42501" else { throw error }
          throw SQLError(
            .cannotOpen,
            """
            the schema \(schema) is missing and the role may not make it (\(error.message)): run \
            CREATE SCHEMA \(schema) AUTHORIZATION the_role, or grant CREATE on the database
            """,
            nativeCode: "42501"
          )
        }
        usleep(20_000)
      }
    }
  }

  private static func makeOnce(_ session: PostgreSQLSession, schema: String) throws {
    let schemas = try session.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema])
    if schemas.rows.isEmpty { try session.script("CREATE SCHEMA \(schema)") }
    let tables = try session.query(
      "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = 'sluice_schema'",
      [schema]
    )
    guard tables.rows.isEmpty else { return }
    try session.script(
      """
      CREATE TABLE sluice_schema (
        only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
        step BIGINT NOT NULL
      );
      INSERT INTO sluice_schema (only_row, step) VALUES (1, 0)
      """
    )
  }

  private static let lostTable = SQLError(
    .corrupt,
    "the table sluice_schema has lost its row; restore the database from a backup",
    nativeCode: "schema"
  )
}
