import SQLDatabase
import TestSupport
import Testing

@Suite("PostgreSQL keeps a service's state")
struct PostgreSQLDatabaseTests {
  let cluster: PostgreSQLCluster
  let store: StoreFixture

  init() throws {
    cluster = try PostgreSQLCluster.shared()
    store = try StoreFixture(.postgresql)
  }

  var schema: String { store.configuration?.schema ?? "" }

  /// Ends the store's sessions, found by the schema that they work in.
  static func pid(_ connection: any SQLConnection) throws -> Int64 {
    try connection.first("SELECT pg_backend_pid()") { $0.int64(0) } ?? 0
  }

  @Test("a server with fsync = off is refused")
  func fsync() async throws {
    var strict = try #require(store.configuration)
    strict.acceptsUnsafeStorage = false
    let error = try await #require(throws: SQLError.self) {
      _ = try await PostgreSQLDatabase.open(strict, migrations: StoreFixture.table)
    }
    #expect(error.kind == .cannotOpen)
    #expect(error.message.contains("fsync = on"))
  }

  @Test("commits are durable and snapshots are whole, whatever the role's defaults are")
  func settings() async throws {
    let database = try await store.open()
    let inRead = try await database.read { connection in
      try ["transaction_isolation", "transaction_read_only", "synchronous_commit"].map { name in
        try connection.first("SELECT current_setting(?1)", [.text(name)]) { $0.string(0) }
      }
    }
    #expect(inRead == ["repeatable read", "on", "on"])
    let inWrite = try await database.transaction { connection in
      try connection.first("SELECT current_setting('synchronous_commit')") { $0.string(0) }
    }
    #expect(inWrite == "on")
    await database.close()
  }

  @Test("a server stops working for a client that is gone, told or not")
  func goneClient() async throws {
    let database = try await store.open()
    let interval = try await database.transaction { connection in
      try connection.first("SELECT current_setting('client_connection_check_interval')") {
        $0.string(0)
      }
    }
    #expect(interval == "1s")
    await database.close()
  }

  @Test("a connection that was lost between two calls is made again")
  func lostBetween() async throws {
    let database = try await store.open()
    let writer = try await database.transaction { try Self.pid($0) }
    let reader = try await database.read { try Self.pid($0) }
    try cluster.sql(
      "SELECT pg_terminate_backend(\(writer), 5000), pg_terminate_backend(\(reader), 5000)"
    )
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('a')") }
    #expect(try await database.count() == 1)
    await database.close()
  }

  @Test(
    "a connection that is lost inside a transaction undoes it, and the next call connects again"
  )
  func lostInside() async throws {
    let (database, cluster) = (try await store.open(), cluster)
    for isNoticed in [true, false] {
      let error = try await #require(throws: SQLError.self) {
        try await database.transaction { connection in
          try connection.execute("INSERT INTO t (v) VALUES ('lost')")
          try cluster.sql("SELECT pg_terminate_backend(\(try Self.pid(connection)), 5000)")
          // Noticed by the next statement, or before the commit.
          if isNoticed { try connection.execute("INSERT INTO t (v) VALUES ('too')") }
        }
      }
      #expect(error.kind == .cannotOpen)
      #expect(try await database.count() == 0)
    }
    let read = try await #require(throws: SQLError.self) {
      try await database.read { connection in
        try cluster.sql("SELECT pg_terminate_backend(\(try Self.pid(connection)), 5000)")
        _ = try connection.first("SELECT 1") { $0.int64(0) }
      }
    }
    #expect(read.kind == .cannotOpen)
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('kept')") }
    #expect(try await database.count() == 1)
    await database.close()
  }

  @Test("a commit whose answer is lost is of unknown outcome, and is not tried again")
  func lostCommit() async throws {
    let database = try await store.open()
    let schema = schema
    // A commit that takes its time: a deferred trigger runs in it.
    try cluster.sql(
      """
      CREATE FUNCTION \(schema).nap() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER nap AFTER INSERT ON \(schema).t DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION \(schema).nap();
      """
    )
    let gate = Gate()
    let process = Latch()
    let task = Task {
      try await database.transaction { connection in
        process.set(try Self.pid(connection))
        try connection.execute("INSERT INTO t (v) VALUES ('a')")
        gate.open(0)
      }
    }
    try await BlockingThread(name: "test").run { gate.wait(0) }
    // Cancelling comes too late, and does not hide the outcome.
    try endWhenCommitting(cluster, process.value) { task.cancel() }
    let error = try await #require(throws: SQLError.self) { try await task.value }
    #expect(error.kind == .outcomeUnknown)
    #expect(error.sql == "COMMIT")
    try cluster.sql("DROP TRIGGER nap ON \(schema).t")
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test("a failed statement that the body swallows fails the commit: no half of a transaction")
  func swallowed() async throws {
    let database = try await store.open()
    let error = try await #require(throws: SQLError.self) {
      try await database.transaction { connection in
        try connection.execute("INSERT INTO t (v) VALUES ('first')")
        _ = try? connection.execute("INSERT INTO t (v) VALUES ('first')")
      }
    }
    #expect(error.nativeCode == "rolled back")
    for end in ["COMMIT", "ROLLBACK"] {
      await #expect(throws: SQLError.self) {
        try await database.transaction { connection in
          try connection.execute("\(end)")
          try connection.execute("INSERT INTO t (v) VALUES ('outside')")
        }
      }
    }
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test(
    "the server's codes are kinds",
    arguments: [
      ("53100", SQLError.Kind.diskFull), ("XX001", .corrupt), ("XX002", .corrupt),
      ("55P03", .busy), ("40001", .busy), ("40P01", .busy), ("57P03", .busy), ("53300", .busy),
      ("23503", .constraint), ("08006", .cannotOpen), ("28P01", .cannotOpen),
      ("3D000", .cannotOpen), ("42601", .other),
    ]
  )
  func kinds(state: String, kind: SQLError.Kind) async throws {
    let database = try await store.open()
    let error = try await #require(throws: SQLError.self) {
      try await database.transaction {
        _ = try $0.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '\(state)'; END $$")
      }
    }
    #expect(error.kind == kind)
    #expect(error.nativeCode == state)
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('a')") }
    await database.close()
  }

  @Test("values are in no error's text")
  func silence() async throws {
    let database = try await store.open()
    for value in [
      SQLValue.text("secret"), .text("1\0secret"), .blob(Array("secret".utf8)), .real(.infinity),
    ] {
      let error = try await #require(throws: SQLError.self) {
        try await database.transaction {
          _ = try $0.execute("INSERT INTO t (n) VALUES (?1)", [value])
        }
      }
      #expect(error.kind == .other)
      #expect(!error.description.contains("secret"))
    }
    let nul = try await #require(throws: SQLError.self) {
      try await database.transaction {
        _ = try $0.execute("INSERT INTO t (v) VALUES (?1)", ["a\0b"])
      }
    }
    #expect(nul.message.contains("NUL"))
    let invalid = try await #require(throws: SQLError.self) {
      try await database.transaction { connection in
        let insert = try connection.prepare("INSERT INTO t (v) VALUES (?1)")
        try [0xC3, 0x28].withUnsafeBytes { (bytes) throws in
          insert.bind(text: UnsafeRawBufferPointer(rebasing: bytes[..<1]), at: 1)
          _ = try insert.step()
        }
      }
    }
    #expect(invalid.message.contains("UTF-8"))
    await database.close()
  }

  @Test("numbers of every width and sums of any size are read exactly")
  func numbers() async throws {
    let database = try await store.open()
    try await database.read { connection in
      let integers = try connection.first(
        "SELECT 7::int2, -7::int4, true, '-9223372036854775808'::numeric, 1e4::numeric, 0.5::float4"
      ) { row in (0..<6).map { row.int64($0) } }
      #expect(integers == [7, -7, 1, .min, 10_000, 0])
      let texts = try connection.first(
        "SELECT 12345678901234567890123.00450::numeric, 0.0001::numeric, -20000::numeric, 'NaN'::numeric, 0::numeric"
      ) { row in (0..<5).map { row.string($0) } }
      #expect(texts == ["12345678901234567890123.00450", "0.0001", "-20000", "NaN", "0"])
    }
    await database.close()
  }

  @Test("a large result is lent row by row; beside another statement only a bounded rest is kept")
  func large() async throws {
    let database = try await store.open()
    try await database.read { connection in
      let sql = "SELECT repeat('x', 1000), n FROM generate_series(1, 100000) AS n"
      var bytes = 0
      try connection.query(sql, []) { row in row.withBytes(0) { bytes += $0.count } }
      #expect(bytes == 100_000_000)
    }
    let error = try await #require(throws: SQLError.self) {
      try await database.read { connection in
        try connection.query("SELECT repeat('x', 1000) FROM generate_series(1, 100000)", []) { _ in
          _ = try connection.first("SELECT 1") { $0.int64(0) }
        }
      }
    }
    #expect(error.message.contains("fewer rows"))
    await database.close()
  }

  @Test("a role without rights on the database, and a name that is none, are told what to do")
  func refusals() async throws {
    var configuration = try #require(store.configuration)
    configuration.schema = "No Name"
    await #expect(throws: SQLError.self) {
      _ = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    }
    configuration.schema = schema
    configuration.server.user = PostgreSQLCluster.userOfTLS
    configuration.server.host = "localhost"
    configuration.server.tls = .verifyFull
    let refused = try await #require(throws: SQLError.self) {
      _ = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    }
    #expect(refused.message.contains("CREATE SCHEMA \(schema)"))
    // A schema that its operator made is enough.
    try cluster.sql("CREATE SCHEMA \(schema) AUTHORIZATION \(PostgreSQLCluster.userOfTLS)")
    let database = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    #expect(try await database.count() == 0)
    await database.close()
    configuration.server.password = [1]
    let login = try await #require(throws: SQLError.self) {
      _ = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    }
    #expect(login.kind == .cannotOpen)
    #expect(login.nativeCode == "28P01")
  }
}

/// Waits until the session commits, and ends it.
func endWhenCommitting(
  _ cluster: PostgreSQLCluster,
  _ process: Int64,
  _ between: () -> Void = {}
) throws {
  try cluster.sql(
    """
    DO $$ BEGIN
      WHILE NOT EXISTS (SELECT FROM pg_stat_activity
        WHERE pid = \(process) AND query = 'COMMIT' AND state = 'active') LOOP
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
      END LOOP;
    END $$;
    """
  )
  between()
  try cluster.sql("SELECT pg_terminate_backend(\(process), 10000)")
}
