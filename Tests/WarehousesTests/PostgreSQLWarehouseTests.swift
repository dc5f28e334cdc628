import SQLDatabase
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("The PostgreSQL driver")
struct PostgreSQLWarehouseTests {
  let fixture: PostgreSQLFixture

  init() async throws { fixture = try await PostgreSQLFixture() }

  func failure(_ changes: [String: String], user: String? = nil, password: String? = nil)
    async throws -> Failure
  {
    let settings = fixture.settings.merging(changes) { $1 }
    let credential = WarehouseCredential(
      username: user ?? PostgreSQLCluster.user,
      secret: Array((password ?? PostgreSQLCluster.password).utf8)
    )
    let failure = try await #require(throws: Failure.self) {
      let driver = try WarehouseRegistry.all.driver("postgresql")
      try await driver.connect(settings: settings, credentials: WarehouseCredentials(credential))
        .close()
    }
    let secret = password ?? PostgreSQLCluster.password
    #expect(!failure.message.contains(secret) && failure.cause?.contains(secret) != true)
    return failure
  }

  @Test("says what is wrong with a connection, and whether waiting helps")
  func connecting() async throws {
    let password = try await failure([:], password: "canary")
    #expect(password.code == "wrong_password")
    #expect(password.recovery == .needsOperator)
    #expect(try await failure([:], user: "nobody").code == "wrong_password")
    let database = try await failure(["database": "nowhere"])
    #expect(database.code == "database_not_found")
    #expect(database.message.contains("\"nowhere\""))
    let port = "\(try PostgreSQLCluster.freePort())"
    let refused = try await failure(["port": port])
    #expect(refused.code == "connection_refused")
    #expect(refused.recovery == .retry)
    #expect(refused.message.contains("localhost:\(port)"))
    #expect(try await failure(["host": "no-such-host.invalid"]).code == "host_not_found")
    #expect(try await failure(["host": "/var/run/postgresql"]).code == "invalid_settings")
    #expect(try await failure(["host": ""]).code == "invalid_settings")
    #expect(try await failure(["tls": "prefer"]).code == "invalid_settings")
    #expect(try await failure(["caFile": "/no/such/file"]).code == "invalid_settings")
    #expect(
      try await failure(["caFile": "/etc/ssl/certs/ca-certificates.crt"]).code == "tls_failed"
    )
    #expect(try await failure(["host": "127.0.0.1"]).code == "tls_failed")
    let tls = try await failure(["tls": "disable"], user: PostgreSQLCluster.userOfTLS)
    #expect(tls.code == "tls_required")
    let driver = try WarehouseRegistry.all.driver("postgresql")
    let none = try await #require(throws: Failure.self) {
      _ = try await driver.connect(settings: fixture.settings, credentials: WarehouseCredentials())
    }
    #expect(none.code == "credential_missing")
  }

  @Test(
    "reads timestamp as UTC whatever the role's time zone (R14), dates as midnight, json as text (R28)"
  )
  func types() async throws {
    try fixture.run(
      """
      CREATE TABLE \(fixture.from("naive")) (updated_at timestamp, email varchar(20), payload jsonb);
      INSERT INTO \(fixture.from("naive")) VALUES ('2024-01-01 00:00:00.000001', 'a', '{"b": 1, "a": [1.0]}');
      CREATE TABLE \(fixture.from("dates")) (updated_at date, external_id uuid, payload json);
      INSERT INTO \(fixture.from("dates")) VALUES
        ('2024-01-01', '00000000-0000-0000-0000-00000000000a', '{"b":1,  "b":2}'), ('infinity', NULL, NULL),
        ('0044-03-15 BC', NULL, NULL);
      ALTER ROLE sluice SET timezone TO 'Asia/Tokyo';
      ALTER ROLE sluice SET datestyle TO 'SQL, DMY'
      """
    )
    let naive = try await fixture.read("naive")
    #expect(naive.map(\.updatedAt) == [newYear + 1000])
    #expect(naive.map(\.payload) == [#"{"a": [1.0], "b": 1}"#])
    #expect(naive.first?.identifiers["email"] == "a")
    let after = Timestamp(nanoseconds: newYear + 1001)
    #expect(try await fixture.read("naive", from: after).isEmpty)
    let dates = try await fixture.read("dates")
    #expect(dates.map(\.updatedAt) == [Int64.min, newYear, Int64.max])
    #expect(dates[1].externalID == "00000000-0000-0000-0000-00000000000a")
    #expect(dates[1].payload == #"{"b":1,  "b":2}"#)
    let noon = Timestamp(nanoseconds: newYear + 43_200 * second)
    #expect(try await fixture.read("dates", from: noon).map(\.updatedAt) == [Int64.max])
  }

  @Test("an UPDATED_AT that is no instant is a problem of the column")
  func columnType() async throws {
    try fixture.run(
      "CREATE TABLE \(fixture.from("t")) (updated_at text, email text, payload text)"
    )
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      fixture.selection("t"),
      data: .events,
      previewLimit: 1
    )
    #expect(inspection.problem?.code == "column_type")
    #expect(inspection.problem?.message.contains("of type text") == true)
    #expect(inspection.columns.map(\.type) == ["text", "text", "text"])
    await connection.close()
  }

  @Test("a missing grant is a problem, on the columns that a run reads only")
  func permissions() async throws {
    try fixture.cluster.sql(
      """
      CREATE TABLE \(fixture.from("secret")) (updated_at timestamptz, email text, payload text);
      CREATE TABLE \(fixture.from("partly"))
        (updated_at timestamptz, email text, payload text, salary int);
      INSERT INTO \(fixture.from("partly")) VALUES (now(), 'a', '{}', 1);
      GRANT SELECT (updated_at, email, payload) ON \(fixture.from("partly")) TO sluice;
      """
    )
    let connection = try await fixture.connect()
    let secret = try await connection.inspect(
      fixture.selection("secret"),
      data: .events,
      previewLimit: 1
    )
    #expect(secret.problem?.code == "permission_denied")
    #expect(secret.problem?.recovery == .needsOperator)
    let partly = try await connection.inspect(
      fixture.selection("partly"),
      data: .events,
      previewLimit: 1
    )
    #expect(partly.problem == nil)
    #expect(partly.preview.isEmpty && partly.warnings.contains { $0.contains("no preview") })
    #expect(try await connection.rows(fixture.selection("partly")).count == 1)
    await connection.close()
  }

  @Test("an unquoted name is looked up as written, then in lower case")
  func folding() async throws {
    try fixture.create(.usual("Users", [(newYear, "mixed", "{}")]))
    try fixture.create(.usual("orders", [(newYear, "lower", "{}")]))
    let connection = try await fixture.connect()
    let schema = fixture.schema
    let written = try await connection.rows(.table("\(schema).Users"))
    #expect(written.map(\.externalID) == ["mixed"])
    let folded = try await connection.rows(.table("\(schema.uppercased()).ORDERS"))
    #expect(folded.map(\.externalID) == ["lower"])
    let quoted = try await #require(throws: Failure.self) {
      try await connection.rows(.table("\(schema).\"ORDERS\""))
    }
    #expect(quoted.code == "table_not_found")
    let bare = try await #require(throws: Failure.self) {
      try await connection.rows(.table("ORDERS"))
    }
    #expect(bare.message.contains("\"ORDERS\" and as \"orders\""))
    #expect(bare.message.contains("public"))
    let long = try await #require(throws: Failure.self) {
      try await connection.rows(.table("\(schema).\(String(repeating: "x", count: 64))"))
    }
    #expect(long.code == "table_not_found")
    await connection.close()
  }

  @Test("a session cannot write, not even through a function")
  func readOnly() async throws {
    try fixture.run(
      """
      CREATE TABLE \(fixture.from("log")) (n int);
      CREATE FUNCTION \(fixture.schema).act() RETURNS text LANGUAGE sql VOLATILE AS
        $$ INSERT INTO \(fixture.from("log")) VALUES (1) RETURNING 'acted' $$
      """
    )
    let connection = try await fixture.connect()
    let failure = try await #require(throws: Failure.self) {
      try await connection.rows(
        .query("SELECT now() AS updated_at, \(fixture.schema).act() AS email, '{}' AS payload")
      )
    }
    #expect(failure.code == "query_failed")
    #expect(try fixture.run("SELECT count(*) FROM \(fixture.from("log"))").hasPrefix("0"))
    await connection.close()
  }

  @Test("an error's text never quotes a row's value")
  func noValues() async throws {
    try fixture.create(.usual("t", [(newYear, "canary", "{}")]))
    let connection = try await fixture.connect()
    let query =
      "SELECT updated_at, external_id::int AS external_id, payload FROM \(fixture.from("t"))"
    let failure = try await #require(throws: Failure.self) {
      try await connection.rows(.query(query))
    }
    #expect(failure.code == "query_failed")
    #expect(!failure.message.contains("canary") && failure.cause?.contains("canary") != true)
    await connection.close()
  }

  @Test("a connection that breaks in the middle asks for a new one; rows before it stay valid")
  func broken() async throws {
    try fixture.createLarge(rows: 100_000)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    let first = try await reader.nextBatch()
    try fixture.cluster.sql(
      """
      SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE query LIKE '%\(fixture.schema)%large%' AND pid <> pg_backend_pid()
      """
    )
    let failure = try await #require(throws: Failure.self) {
      while try await reader.nextBatch() != nil {}
    }
    #expect(failure.code == "connection_lost")
    #expect(failure.recovery == .reconnect)
    #expect(first?.count ?? 0 > 0)
    #expect(await reader.reportedRowCount == nil)
    await connection.close()
  }

  @Test("a cancelled read stops at the server")
  func cancelled() async throws {
    try fixture.createLarge(rows: 10)
    let connection = try await fixture.connect()
    let query = "SELECT *, pg_sleep(3600)::text AS slow FROM \(fixture.from("large"))"
    let reader = try await connection.readChanges(.query(query), data: .attributes, from: nil)
    func isActive() throws -> Bool {
      try !fixture.cluster.sql(
        """
        SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
        AND query LIKE '%\(fixture.schema).%pg_sleep(3600)%'
        """
      ).isEmpty
    }
    let task = Task { _ = try await reader.nextBatch() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await until { try !isActive() }
    await connection.close()
  }
}
