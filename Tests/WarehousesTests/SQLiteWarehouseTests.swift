import Glibc
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("The SQLite driver")
struct SQLiteWarehouseTests {
  let fixture: SQLiteFixture

  init() async throws { fixture = try await SQLiteFixture() }

  func connect(_ settings: [String: String]) async throws -> any WarehouseConnection {
    try await WarehouseRegistry.all.driver("sqlite").connect(
      settings: settings,
      credentials: WarehouseCredentials()
    )
  }

  @Test("says what is wrong with the file, and never makes one")
  func files() async throws {
    let missing = fixture.directory.file("missing.sqlite")
    let none = try await #require(throws: Failure.self) { _ = try await connect(["file": missing]) }
    #expect(none.code == "file_not_found")
    #expect(access(missing, F_OK) != 0)
    let directory = try await #require(throws: Failure.self) {
      _ = try await connect(["file": fixture.directory.path])
    }
    #expect(directory.code == "file_not_found")
    let text = fixture.directory.file("text")
    _ = try ChildProcess.run(["sh", "-c", "seq 1 100000 > \(text)"])
    let noDatabase = try await #require(throws: Failure.self) {
      _ = try await connect(["file": text])
    }
    #expect(noDatabase.code == "not_a_database")
    let setting = try await #require(throws: Failure.self) {
      _ = try await connect(["file": fixture.path, "timestamps": "unix"])
    }
    #expect(setting.code == "invalid_settings")
  }

  @Test("orders and filters texts of mixed forms by the instant they stand for")
  func mixedForms() async throws {
    try fixture.run(
      """
      CREATE TABLE t (updated_at, email, payload);
      INSERT INTO t VALUES ('2024-01-01T02:00:00+02:00', '1', x'7bff00'), ('2023-12-31 23:30', '0', NULL),
        ('2024-01-01 00:00:00.000000001', '2', 7), ('2024-01-01', '1', '{}'),
        ('2024-01-01T00:00:01Z', '3', '')
      """
    )
    let rows = try await fixture.read("t")
    #expect(rows.map { $0.identifiers["email"] } == ["0", "1", "1", "2", "3"])
    #expect(rows.map(\.updatedAt).suffix(2) == [newYear + 1, newYear + second])
    let later = try await fixture.read("t", from: Timestamp(nanoseconds: newYear + 1))
    #expect(later.map { $0.identifiers["email"] } == ["2", "3"])
    #expect(later.map(\.payload) == ["7", ""])
  }

  @Test("passes bytes through untouched: invalid UTF-8 and NUL are the row's problem")
  func bytes() async throws {
    try fixture.run(
      """
      CREATE TABLE t (updated_at, email, payload);
      INSERT INTO t VALUES ('2024-01-01', CAST(x'61006200ff' AS TEXT), x'7bff00')
      """
    )
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(fixture.selection("t"), data: .events, from: nil)
    let batch = try #require(try await reader.nextBatch())
    batch.forEachRow { _, row in
      #expect(row.email.map { Array($0) } == [0x61, 0, 0x62, 0, 0xff])
      #expect(row.payload.map { Array($0) } == [0x7b, 0xff, 0])
    }
    await connection.close()
  }

  @Test(
    "reads Unix time in the unit that the settings name",
    arguments: [
      ("unix_seconds", "1704067200", newYear),
      ("unix_seconds", "1704067200.25", newYear + second / 4),
      ("unix_seconds", "-1", -second), ("unix_ms", "1704067200001", newYear + 1_000_000),
      ("unix_us", "1704067200000001", newYear + 1000),
      ("unix_ns", "1704067200000000001", newYear + 1),
      ("unix_seconds", "-0.5", -second / 2), ("unix_seconds", "9999999999999", Int64.max),
      ("unix_ms", "-9223372036854775808", Int64.min), ("unix_seconds", "1e300", Int64.max),
    ] as [(String, String, Int64)]
  )
  func unixTime(unit: String, value: String, nanoseconds: Int64) async throws {
    try fixture.run(
      """
      CREATE TABLE t (updated_at, email, payload); INSERT INTO t VALUES (\(value), 'a', '{}');
      INSERT INTO t VALUES (NULL, 'b', '{}')
      """
    )
    let connection = try await connect(["file": fixture.path, "timestamps": unit])
    let rows = try await connection.rows(fixture.selection("t"))
    #expect(rows.map(\.updatedAt) == [nanoseconds])
    await connection.close()
  }

  @Test(
    "a value that is no instant fails the run and the test, naming its row",
    arguments: [
      ("'yesterday'", "text", "is no instant"),
      ("1704067200", "text", "set the source's \"timestamps\""),
      ("x'00'", "text", "is neither"), ("'2024-01-01'", "unix_seconds", "is text"),
      ("''", "text", "is no"),
    ]
  )
  func badInstant(value: String, unit: String, words: String) async throws {
    try fixture.run(
      """
      CREATE TABLE t (updated_at, email, payload);
      INSERT INTO t (rowid, updated_at, email, payload) VALUES (17, \(value), 'a', '{}');
      CREATE VIEW v AS SELECT * FROM t
      """
    )
    let connection = try await connect(["file": fixture.path, "timestamps": unit])
    let failure = try await #require(throws: Failure.self) {
      try await connection.rows(fixture.selection("t"))
    }
    #expect(failure.code == "bad_updated_at")
    #expect(failure.message.contains("rowid 17") && failure.message.contains(words))
    #expect(!failure.message.contains("yesterday"))
    let inspection = try await connection.inspect(
      fixture.selection("t"),
      data: .events,
      previewLimit: 3
    )
    #expect(inspection.problem == failure)
    let view = try await #require(throws: Failure.self) {
      try await connection.rows(fixture.selection("v"))
    }
    #expect(view.code == "bad_updated_at")
    await connection.close()
  }

  @Test("tables WITHOUT ROWID, and with a column called rowid, are read")
  func rowIDs() async throws {
    try fixture.run(
      """
      CREATE TABLE w (updated_at TEXT, email TEXT PRIMARY KEY, payload TEXT) WITHOUT ROWID;
      INSERT INTO w VALUES ('2024-01-01', 'a', '{}');
      CREATE TABLE r (updated_at TEXT, email TEXT, payload TEXT, rowid TEXT, _rowid_ TEXT);
      INSERT INTO r VALUES ('2024-01-01', 'a', '{}', 'x', 'y')
      """
    )
    #expect(try await fixture.read("w").count == 1)
    #expect(try await fixture.read("r").count == 1)
    #expect(try await fixture.read("W").count == 1)
  }

  @Test("a run sees one snapshot while a writer goes on")
  func snapshot() async throws {
    try fixture.createLarge(rows: 30_000)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    let first = try #require(try await reader.nextBatch())
    try fixture.run("UPDATE large SET external_id = 'changed', updated_at = '2030-01-01'")
    let (rows, _) = try await reader.rest()
    #expect(first.count + rows.count == 30_000)
    #expect(!rows.contains { $0.externalID == "changed" })
    #expect(
      try await connection.rows(fixture.selection("large")).allSatisfy {
        $0.externalID == "changed"
      }
    )
    await connection.close()
  }

  @Test("text of a UTF-16 database comes as UTF-8")
  func utf16() async throws {
    let path = fixture.directory.file("utf16.sqlite")
    let child = try ChildProcess(["sqlite3", "-bail", path])
    try child.write(
      """
      PRAGMA encoding = 'UTF-16'; CREATE TABLE t (updated_at, email, payload);
      INSERT INTO t VALUES ('2024-01-01', 'é日', '{}');\n
      """
    )
    #expect(child.wait() == 0)
    let connection = try await connect(["file": path])
    let rows = try await connection.rows(.table("main.t"))
    #expect(rows.map { $0.identifiers["email"] } == ["é日"])
    await connection.close()
  }
}
