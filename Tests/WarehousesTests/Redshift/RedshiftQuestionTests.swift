import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Redshift: a user's rows, counts, and whose work a statement is")
struct RedshiftQuestionTests {
  let fixture: RedshiftFixture

  init() async throws { fixture = try await RedshiftFixture() }

  func connect(_ tag: QueryTag) async throws -> any WarehouseConnection {
    try await WarehouseRegistry.all.driver("redshift").connect(
      settings: fixture.settings,
      credentials: fixture.credentials,
      tag: tag
    )
  }

  @Test("the sync and the run stand in query_group, in every statement, and in application_name")
  func tag() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let run = "run-of-\(fixture.schema)"
    // Bound: a quote is a character of it.
    let connection = try await connect(QueryTag(sync: "it's \\ new", run: run))
    _ = try await connection.rows(fixture.selection("t"))
    await connection.close()
    let wanted = "sluice sync=it's \\ new run=\(run)"
    let connected = try fixture.emulator.journal().filter {
      $0.parameters?["application_name"] == wanted
    }
    #expect(connected.count == 1)
    let statements = try fixture.emulator.journal(fixture.schema).filter { $0.point != "connect" }
    #expect(statements.count == 2)
    #expect(statements.allSatisfy { $0.queryGroup == wanted }, "\(statements.map(\.queryGroup))")
    // Another database of the cluster is another connection.
    try fixture.run(
      """
      CREATE SCHEMA \(fixture.schema);
      CREATE TABLE \(fixture.schema).there (updated_at timestamptz, email text, payload text)
      """,
      in: "other"
    )
    let other = try await connect(QueryTag(sync: "s", run: run))
    _ = try await other.rows(.table("other.\(fixture.schema).there"))
    await other.close()
    let there = try fixture.emulator.journal(fixture.schema, in: "other")
    #expect(!there.isEmpty && there.allSatisfy { $0.queryGroup == "sluice sync=s run=\(run)" })
  }

  @Test("a tag that is too long for query_group is cut; a question about a source alone has a name")
  func longTag() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let long = try await connect(QueryTag(sync: String(repeating: "é", count: 400), run: "r"))
    _ = try await long.rows(fixture.selection("t"))
    await long.close()
    let short = try await connect(QueryTag())
    _ = try await short.rows(fixture.selection("t"))
    await short.close()
    let groups = try fixture.emulator.journal(fixture.schema).compactMap(\.queryGroup)
    #expect(groups.first == "sluice sync=" + String(repeating: "é", count: 308))
    #expect(groups.last == "sluice")
  }

  @Test("a cluster that takes no SET_CONFIG is read all the same")
  func noSetConfig() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let user = "\(fixture.schema)_untagged"
    try fixture.emulator.cluster.sql("CREATE ROLE \(user) LOGIN IN ROLE sluice")
    try fixture.emulator.steer(
      "/tenants/\(RedshiftEmulator.database)/users",
      "{\"\(user)\": {\"password\": \"\(RedshiftEmulator.password)\"}}"
    )
    try fixture.emulator.steer(
      "/tenants/\(RedshiftEmulator.database)/faults",
      """
      {"point": "statement", "where": {"sql": "set_config", "user": "\(user)"}, "times": 1,
       "action": {"error": "42883", "words": "function set_config does not exist"}}
      """
    )
    let connection = try await fixture.connect([:], RedshiftFixture.credentials(user))
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    await connection.close()
    let groups = try fixture.emulator.journal(fixture.schema).compactMap(\.queryGroup)
    #expect(groups.last == "sluice")
  }

  @Test("a user's rows: two statements, bound and limited, exact about trailing blanks")
  func question() async throws {
    try fixture.create(.usual("t", [(newYear, "ada", "{}"), (newYear, "ada ", "{}")]))
    let connection = try await connect(QueryTag(run: "question-\(fixture.schema)"))
    let found = try await connection.rows(
      of: .externalID("ada "),
      in: fixture.selection("t"),
      data: .attributes,
      limit: 5
    )
    #expect(found.rows.count == 1)
    let tag = "sluice run=question-\(fixture.schema)"
    let texts = try fixture.emulator.journal().filter { $0.queryGroup == tag }.compactMap(\.sql)
    #expect(texts.count == 5)
    #expect(texts.dropFirst().first == "SET statement_timeout TO 30000")
    #expect(texts.last == "SET statement_timeout TO 0")
    // Redshift, unlike what the emulator stands on, compares VARCHAR without them.
    for text in texts.dropFirst(2).dropLast() {
      #expect(text.contains(#"s."external_id" = $1::varchar(65535)"#))
      #expect(text.contains(#"(s."external_id" || '.') = ($1::varchar(65535) || '.')"#))
      #expect(!text.contains("ada"))
    }
    // Also after what fails: the next statement has its own limit.
    try fixture.emulator.fault(
      "\(fixture.schema).*IS NULL",
      #"{"error": "57014", "words": "Query (77) canceled on user's request"}"#
    )
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.rows(
        of: .externalID("ada"),
        in: fixture.selection("t"),
        data: .attributes,
        limit: 5
      )
    }
    #expect(failure.code == "query_cancelled")
    let last = try fixture.emulator.journal().filter { $0.queryGroup == tag }.last?.sql
    #expect(last == "SET statement_timeout TO 0")
    await connection.close()
  }

  @Test("a count is one statement, under the limit of a run's query")
  func count() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    try fixture.emulator.fault("sysdate.*\(fixture.schema)", #"{"queue": 20}"#)
    let connection = try await fixture.connect(["statement_timeout": "1"])
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.countChanges(
        fixture.selection("t"),
        data: .attributes,
        from: nil,
        before: nil
      )
    }
    #expect(failure.code == "queue_timeout" && failure.message.contains("\"statement_timeout\""))
    await connection.close()
  }
}
