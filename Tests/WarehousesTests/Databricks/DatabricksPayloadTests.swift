import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// What the seed says of the columns' types, and what becomes of a payload of each (B.8.16).
@Suite("Databricks, B.8.16: types and payloads")
struct DatabricksPayloadTests {
  @Test("payloads as STRING, STRUCT, MAP and VARIANT give the same object, null fields too (R28)")
  func sameObject() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.run(
      """
      CREATE TABLE st (updated_at TIMESTAMP, external_id STRING, payload STRING);
      INSERT INTO st VALUES (timestamp_micros(0), 'a', '{"tier":"gold","gone":null}');
      CREATE TABLE sc (updated_at TIMESTAMP, external_id STRING, payload STRUCT<tier: STRING, gone: STRING>);
      INSERT INTO sc VALUES (timestamp_micros(0), 'a', named_struct('tier', 'gold', 'gone', NULL));
      CREATE TABLE mp (updated_at TIMESTAMP, external_id STRING, payload MAP<STRING, STRING>);
      INSERT INTO mp VALUES (timestamp_micros(0), 'a', map('tier', 'gold', 'gone', NULL));
      CREATE TABLE vr (updated_at TIMESTAMP, external_id STRING, payload VARIANT);
      INSERT INTO vr VALUES (timestamp_micros(0), 'a', parse_json('{"tier":"gold","gone":null}'))
      """
    )
    let connection = try await bench.connect()
    for table in ["st", "sc", "mp", "vr"] {
      let rows = try await connection.rows(.table(table))
      #expect(rows.map(\.payload) == [#"{"tier":"gold","gone":null}"#], "\(table)")
      let found = try await connection.rows(
        of: .externalID("a"),
        in: .table(table),
        data: .attributes,
        limit: 1
      )
      var user: [String?] = []
      for batch in found.rows { batch.forEachRow { _, row in user.append(ReadRow(row).payload) } }
      #expect(user == rows.map(\.payload), "\(table)")
    }
    await connection.close()
  }

  @Test("B.8.16 objects keep their null fields, whatever type holds them")
  func payloads() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.run(
      """
      CREATE TABLE s (updated_at TIMESTAMP, external_id STRING,
        payload STRUCT<tier: STRING, gone: STRING, at: TIMESTAMP, deep: STRUCT<a: STRING>>);
      INSERT INTO s VALUES (timestamp_micros(1704067200000000), 'a', named_struct('tier', 'gold', 'gone', NULL,
        'at', timestamp_micros(1704067200123456), 'deep', named_struct('a', NULL)));
      CREATE TABLE m (updated_at TIMESTAMP, external_id STRING, payload MAP<STRING, STRING>);
      INSERT INTO m VALUES (timestamp_micros(1704067200000000), 'a', map('x', 'y', 'gone', NULL));
      CREATE TABLE v (updated_at TIMESTAMP, external_id STRING, payload VARIANT);
      INSERT INTO v VALUES (timestamp_micros(1704067200000000), 'a', parse_json('{"x":[1,null],"gone":null}'));
      INSERT INTO v VALUES (timestamp_micros(1704067201000000), 'b', NULL)
      """
    )
    let connection = try await bench.connect()
    #expect(
      try await connection.rows(.table("s")).map(\.payload)
        // An instant inside has the session's zone and milliseconds: said in the documentation.
        == [#"{"tier":"gold","gone":null,"at":"2024-01-01T00:00:00.123Z","deep":{"a":null}}"#]
    )
    #expect(try await connection.rows(.table("m")).map(\.payload) == [#"{"x":"y","gone":null}"#])
    #expect(
      try await connection.rows(.table("v")).map(\.payload)
        == [#"{"x":[1,null],"gone":null}"#, nil]
    )
    await connection.close()
  }

  @Test("the seed's table of types: a wrong one is named, with what it must be")
  func types() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.run(
      """
      CREATE TABLE a (updated_at DATE, external_id STRING, payload STRING);
      CREATE TABLE b (updated_at TIMESTAMP, external_id DOUBLE, payload STRING);
      CREATE TABLE c (updated_at TIMESTAMP, external_id STRING, payload ARRAY<STRING>);
      CREATE TABLE d (updated_at STRING, external_id STRING, payload STRING);
      CREATE TABLE e (updated_at TIMESTAMP, external_id DECIMAL(20, 0), payload STRING)
      """
    )
    let connection = try await bench.connect()
    for (table, words) in [
      (
        "a",
        "column \"updated_at\" of table \"a\" is of type DATE; it must be TIMESTAMP or TIMESTAMP_NTZ"
      ),
      (
        "b",
        "column \"external_id\" of table \"b\" is of type DOUBLE; it must be STRING, or a whole number"
      ),
      (
        "c",
        "column \"payload\" of table \"c\" is of type ARRAY<STRING>; it must be STRING, STRUCT, MAP or VARIANT"
      ),
      (
        "d",
        "column \"updated_at\" of table \"d\" is of type STRING; it must be TIMESTAMP or TIMESTAMP_NTZ"
      ),
    ] {
      let inspection = try await connection.inspect(
        .table(table),
        data: .attributes,
        previewLimit: 3
      )
      #expect(inspection.problem?.code == "column_type")
      #expect(inspection.problem?.message == words)
    }
    let good = try await connection.inspect(.table("e"), data: .attributes, previewLimit: 3)
    #expect(good.problem == nil)
    await connection.close()
  }

  @Test("types as the workspace writes them")
  func typeTexts() {
    #expect(DatabricksType("STRING COLLATE UTF8_LCASE").isText)
    // Compared byte by byte all the same: it is cast first.
    #expect(!DatabricksType("STRING COLLATE UTF8_LCASE").isPlainText)
    #expect(DatabricksType("string").isPlainText && DatabricksType("VARCHAR(20)").isPlainText)
    #expect(DatabricksType("CHAR(3)").isText && !DatabricksType("CHAR(3)").isPlainText)
    #expect(DatabricksType("DECIMAL(20,0)").isWhole && !DatabricksType("DECIMAL(20,2)").isWhole)
    #expect(
      DatabricksType("STRUCT<a: ARRAY<INT>>").isObject && !DatabricksType("ARRAY<INT>").isObject
    )
  }
}
