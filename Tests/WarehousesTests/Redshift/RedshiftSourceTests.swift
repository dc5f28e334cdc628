import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

/// The numbers are those of docs/warehouses/redshift.md.
@Suite("Redshift: tables, views and values")
struct RedshiftSourceTests {
  let fixture: RedshiftFixture

  init() async throws { fixture = try await RedshiftFixture() }

  @Test(
    "9: instants are the same with 0 to 6 digits, with a zone or without, whatever the user's zone"
  )
  func instants() async throws {
    let texts = [
      "2024-01-01 00:00:00", "2024-01-01 00:00:00.5", "2024-01-01 00:00:00.51",
      "2024-01-01 00:00:00.512", "2024-01-01 00:00:00.5123", "2024-01-01 00:00:00.51234",
      "2024-01-01 00:00:00.512345",
    ]
    let nanoseconds: [Int64] = [
      0, 500_000_000, 510_000_000, 512_000_000, 512_300_000, 512_340_000, 512_345_000,
    ]
    for type in ["timestamptz", "timestamp"] {
      let values = texts.enumerated().map { "('\($1)', '\($0)', '{}')" }.joined(separator: ", ")
      try fixture.run(
        """
        CREATE TABLE \(fixture.from(type)) (updated_at \(type), external_id varchar, payload varchar);
        INSERT INTO \(fixture.from(type)) VALUES \(values)
        """
      )
    }
    // A role of its own: its settings would be in the way of other tests.
    try fixture.emulator.cluster.sql(
      """
      CREATE ROLE "\(fixture.schema)_user" LOGIN IN ROLE sluice;
      ALTER ROLE "\(fixture.schema)_user" SET timezone TO 'Asia/Kolkata';
      ALTER ROLE "\(fixture.schema)_user" SET datestyle TO 'SQL, DMY'
      """
    )
    let user = "\(fixture.schema)_user"
    try fixture.emulator.steer(
      "/tenants/\(RedshiftEmulator.database)/users",
      "{\"\(user)\": {\"password\": \"\(RedshiftEmulator.password)\"}}"
    )
    let connection = try await fixture.connect([:], RedshiftFixture.credentials(user))
    for type in ["timestamptz", "timestamp"] {
      let rows = try await connection.rows(fixture.selection(type))
      #expect(rows.map(\.updatedAt) == nanoseconds.map { newYear + $0 })
      let later = try await connection.rows(
        fixture.selection(type),
        from: Timestamp(nanoseconds: newYear + 512_340_001)
      )
      #expect(later.map(\.externalID) == ["6"])
    }
    // SYSDATE has no zone: it is the session's, and the cursor never passes it.
    let reader = try await connection.readChanges(
      fixture.selection("timestamp"),
      data: .attributes,
      from: nil
    )
    _ = try await reader.rest()
    let count = try await connection.countChanges(
      fixture.selection("timestamp"),
      data: .attributes,
      from: nil,
      before: nil
    )
    let now = World.system.now().nanoseconds
    for time in [reader.warehouseTime, count.warehouseTime] {
      #expect(abs(time.nanoseconds - now) < 600 * second)
    }
    await connection.close()
  }

  @Test("10: SUPER as JSON text past VARCHAR's length, 65,535 bytes of multibyte text, NULL")
  func payloads() async throws {
    let from = fixture.from("s")
    try fixture.sql(
      """
      CREATE TABLE \(from) (updated_at timestamptz, external_id varchar(max), payload super);
      INSERT INTO \(from) VALUES ('2024-01-01', 'a', json_parse('{"x": [1, null, "é"]}'));
      INSERT INTO \(from) VALUES ('2024-01-02', 'b', NULL);
      INSERT INTO \(from) VALUES ('2024-01-03', 'c', json_parse('{"x": "' || repeat('y', 100000) || '"}'))
      """
    )
    let connection = try await fixture.connect()
    let rows = try await connection.rows(fixture.selection("s"))
    #expect(rows.map(\.payload?.utf8.count) == [22, nil, 100_009])
    #expect(rows.first?.payload == #"{"x": [1, null, "é"]}"#)
    let inspection = try await connection.inspect(
      fixture.selection("s"),
      data: .attributes,
      previewLimit: 3
    )
    #expect(inspection.problem == nil)
    #expect(
      inspection.columns.map(\.type) == [
        "timestamp with time zone", "character varying(65535)", "super",
      ]
    )
    #expect(inspection.preview.map { $0[1] } == ["c", "b", "a"])
    #expect(inspection.preview.first?[2]?.count == 256)
    let wide = fixture.from("wide")
    try fixture.sql(
      """
      CREATE TABLE \(wide) (updated_at timestamptz, external_id varchar, payload varchar(max));
      INSERT INTO \(wide) VALUES ('2024-01-01', 'a', repeat('日', 21845))
      """
    )
    let payload = try await connection.rows(fixture.selection("wide")).first?.payload
    #expect(payload?.utf8.count == 65_535 && payload?.hasSuffix("日") == true)
    await connection.close()
  }

  @Test("11: late-binding views, external tables, other databases, mixed case, reserved words")
  func kinds() async throws {
    let schema = fixture.schema
    try fixture.create(.usual("base", [(newYear, "a", "{}"), (newYear + second, "b", "{}")]))
    try fixture.sql(
      """
      CREATE VIEW \(schema).late AS SELECT * FROM \(schema).base WITH NO SCHEMA BINDING;
      CREATE EXTERNAL TABLE \(schema).outside (updated_at timestamp, email varchar(100), payload varchar(100))
        STORED AS PARQUET LOCATION 's3://bucket/';
      CREATE TABLE \(schema)."Order By" ("UPDATED_AT" timestamptz, "External_Id" varchar, "select" int, payload super);
      INSERT INTO \(schema)."Order By" VALUES ('2024-01-01', 'reserved', 1, json_parse('{}'))
      """
    )
    let connection = try await fixture.connect(["case_sensitive": "no"])
    #expect(try await connection.rows(.table("\(schema).late")).map(\.externalID) == ["a", "b"])
    #expect(try await connection.rows(.table("\(schema).outside")).isEmpty)
    let reserved = RowSelection.table("\(schema).\"Order By\"")
    #expect(try await connection.rows(reserved).map(\.externalID) == ["reserved"])
    for selection in [RowSelection.table("\(schema).late"), reserved] {
      let found = try await connection.inspect(selection, data: .attributes, previewLimit: 5)
      #expect(found.problem == nil && !found.preview.isEmpty)
    }
    // Three parts: this database, and another one.
    let here = "\(RedshiftEmulator.database.uppercased()).\(schema.uppercased()).BASE"
    #expect(try await connection.rows(.table(here)).count == 2)
    try fixture.run(
      """
      CREATE SCHEMA \(schema); CREATE TABLE \(schema).there (updated_at timestamptz, email text, payload text);
      INSERT INTO \(schema).there VALUES ('2024-01-01', 'x@y.z', '{}')
      """,
      in: "other"
    )
    let there = RowSelection.table("OTHER.\(schema).there")
    for _ in 0..<2 {
      #expect(try await connection.rows(there).first?.identifiers["email"] == "x@y.z")
    }
    let found = try await connection.inspect(there, data: .attributes, previewLimit: 5)
    #expect(found.problem == nil && found.preview.count == 1)
    let nowhere = try await connection.inspect(
      .table("nowhere.\(schema).there"),
      data: .attributes,
      previewLimit: 5
    )
    #expect(nowhere.problem?.code == "database_not_found")
    await connection.close()
  }

  @Test("11: tables that were made with case-sensitive names")
  func caseSensitive() async throws {
    try fixture.sql(
      """
      SET enable_case_sensitive_identifier TO true;
      CREATE TABLE \(fixture.schema)."Exact" ("Updated_At" timestamptz, "External_Id" varchar, payload varchar);
      INSERT INTO \(fixture.schema)."Exact" VALUES ('2024-01-01', 'exact', '{}');
      CREATE TABLE \(fixture.schema).plain (updated_at timestamptz, external_id varchar, payload varchar)
      """
    )
    let connection = try await fixture.connect(["case_sensitive": "yes"])
    let rows = try await connection.rows(.table("\(fixture.schema).Exact"))
    #expect(rows.map(\.externalID) == ["exact"])
    #expect(try await connection.rows(.table("\(fixture.schema.uppercased()).PLAIN")).isEmpty)
    await connection.close()
    let folding = try await fixture.connect(["case_sensitive": "no"])
    let missing = try await folding.inspect(
      .table("\(fixture.schema).\"Exact\""),
      data: .attributes,
      previewLimit: 1
    )
    #expect(missing.problem?.code == "table_not_found")
    await folding.close()
  }

  @Test("12: what is missing or forbidden is said, with what to do; a view whose base changed too")
  func problems() async throws {
    let schema = fixture.schema
    try fixture.create(.usual("base", [(newYear, "a", "{}")]))
    try fixture.sql(
      """
      CREATE VIEW \(schema).late AS SELECT updated_at, external_id, payload FROM \(schema).base
        WITH NO SCHEMA BINDING;
      CREATE VIEW \(schema).orphan AS SELECT * FROM \(schema).gone WITH NO SCHEMA BINDING
      """
    )
    try fixture.emulator.cluster.sql(
      """
      CREATE TABLE \(schema).secret (updated_at timestamptz, email text, payload text);
      CREATE TABLE \(schema).partly (updated_at timestamptz, email text, payload text, salary int);
      INSERT INTO \(schema).partly VALUES (now(), 'a', '{}', 1);
      GRANT SELECT (updated_at, email, payload) ON \(schema).partly TO sluice
      """,
      database: RedshiftEmulator.database
    )
    let connection = try await fixture.connect()
    func problem(_ table: String) async throws -> Failure {
      let found = try await connection.inspect(.table(table), data: .attributes, previewLimit: 1)
      let problem = try #require(found.problem)
      #expect(problem.recovery == .needsOperator)
      // A run says the same.
      let failure = try await #require(throws: Failure.self) {
        _ = try await connection.rows(.table(table))
      }
      #expect(failure.code == problem.code)
      return problem
    }
    let table = try await problem("\(schema).none")
    #expect(table.code == "table_not_found" && table.message.contains("\"none\""))
    let bare = try await problem("none_at_all")
    #expect(bare.code == "table_not_found" && bare.message.contains("public"))
    #expect(try await problem("no_schema.none").code == "schema_not_found")
    let denied = try await problem("\(schema).secret")
    #expect(denied.code == "permission_denied")
    #expect(
      denied.message.contains("GRANT SELECT ON TABLE \"\(schema)\".\"secret\" TO \"braze_user\"")
    )
    #expect(!denied.message.contains("GRANT USAGE"))
    let orphan = try await problem("\(schema).orphan")
    #expect(orphan.code == "table_not_found" && orphan.message.contains("late-binding"))
    try fixture.run("ALTER TABLE \(schema).base DROP COLUMN payload")
    let late = try await problem("\(schema).late")
    #expect(late.code == "column_missing" && late.message.contains("late-binding"))
    // Grants on the columns that a run reads are enough.
    #expect(try await connection.rows(.table("\(schema).partly")).count == 1)
    await connection.close()
  }

  @Test("12: everything that is missing is said at once, with the statements that mend it")
  func several() async throws {
    let schema = fixture.schema
    try fixture.emulator.cluster.sql(
      "CREATE TABLE \(schema).bare (updated_at varchar(20), alias_name varchar)",
      database: RedshiftEmulator.database
    )
    let connection = try await fixture.connect()
    let found = try await connection.inspect(
      .table("\(schema).bare"),
      data: .events,
      previewLimit: 1
    )
    await connection.close()
    let said = [found.problem?.message ?? ""] + found.warnings
    for words in ["ALIAS_LABEL beside", "no column PAYLOAD", "character varying(20)"] {
      #expect(said.contains { $0.contains(words) }, "\(words): \(said)")
    }
    let table = "\"\(schema)\".\"bare\""
    for statement in [
      "GRANT SELECT ON TABLE \(table) TO \"braze_user\"",
      "ALTER TABLE \(table) ADD COLUMN ALIAS_LABEL varchar",
      "ALTER TABLE \(table) ADD COLUMN PAYLOAD varchar(max)",
    ] {
      #expect(said.contains { $0.contains(statement) }, "\(statement): \(said)")
    }
    #expect(!said.contains { $0.contains("ADD COLUMN UPDATED_AT") })
  }

  @Test("an UPDATED_AT that is no instant is a problem of the column; rows without one are counted")
  func updatedAt() async throws {
    try fixture.sql(
      """
      CREATE TABLE \(fixture.from("t")) (updated_at varchar(20), email varchar, payload varchar);
      CREATE TABLE \(fixture.from("u")) (updated_at timestamptz, email varchar, payload varchar);
      INSERT INTO \(fixture.from("u")) VALUES (NULL, 'a', '{}');
      INSERT INTO \(fixture.from("u")) VALUES ('2099-01-01', 'b', '{}')
      """
    )
    let connection = try await fixture.connect()
    let text = try await connection.inspect(fixture.selection("t"), data: .events, previewLimit: 1)
    #expect(text.problem?.code == "column_type")
    #expect(text.problem?.message.contains("character varying(20)") == true)
    let found = try await connection.inspect(fixture.selection("u"), data: .events, previewLimit: 9)
    #expect(found.rowsWithoutUpdatedAt == 1 && found.warnings.count == 2)
    #expect(found.preview.map { $0[1] } == ["b", "a"])
    await connection.close()
  }
}
