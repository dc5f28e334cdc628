import Foundation
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: what a user is told (A.10; A.12, points 18, 21, 22, 25)")
struct SnowflakeMessageTests {
  func fixture() async throws -> SnowflakeFixture {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(
      FixtureTable(
        "USERS",
        [("UPDATED_AT", .instant), ("EXTERNAL_ID", .text), ("PAYLOAD", .text)],
        [[.instant(newYear), .text("a"), .text("{}")]]
      )
    )
    return fixture
  }

  /// What reading the table, or logging in before, ends with.
  func failure(_ fixture: SnowflakeFixture, _ table: String = "USERS") async throws -> Failure {
    try await #require(throws: Failure.self) {
      let connection = try await fixture.connect()
      do {
        _ = try await connection.rows(.table(table))
        await connection.close()
      } catch {
        await connection.close()
        throw error
      }
    }
  }

  @Test("18: a role without the warehouse, 000606")
  func noWarehouse() async throws {
    let fixture = try await fixture()
    try await fixture.sql("REVOKE USAGE ON WAREHOUSE WH FROM ROLE LOADER")
    let failure = try await failure(fixture)
    #expect(failure.code == "no_warehouse")
    #expect(failure.recovery == .needsOperator)
    #expect(failure.message.contains("GRANT USAGE ON WAREHOUSE WH TO ROLE LOADER"))
  }

  @Test("18: a suspended warehouse that may not be resumed, 000608")
  func suspended() async throws {
    let fixture = try await fixture()
    try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "auto_resume": false])
    let failure = try await failure(fixture)
    #expect(failure.code == "warehouse_suspended")
    #expect(failure.message.contains("SET AUTO_RESUME = TRUE"))
    #expect(failure.message.contains("GRANT OPERATE ON WAREHOUSE WH TO ROLE LOADER"))
    #expect(try await fixture.counter("warehouse resumed") == 0)
  }

  @Test("18: a suspended warehouse is resumed with OPERATE, once, and only then")
  func resumed() async throws {
    let fixture = try await fixture()
    try await fixture.sql("GRANT OPERATE ON WAREHOUSE WH TO ROLE LOADER")
    try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "auto_resume": false])
    #expect(try await fixture.read("USERS").count == 1)
    #expect(try await fixture.counter("warehouse resumed") == 1)
    let submits = try await fixture.requests("submit")
    let texts = submits.compactMap { $0["body"]?["statement"]?.string }
    #expect(
      texts.filter { $0.hasPrefix("ALTER") } == [#"ALTER WAREHOUSE "WH" RESUME IF SUSPENDED"#]
    )
    #expect(texts.first?.hasPrefix("ALTER") == false)
    // What is asked for anew has an id of its own.
    let ids = submits.compactMap { $0["query"]?["requestId"]?.string }
    #expect(Set(ids).count == ids.count)
    #expect(try await fixture.counter("request id used again") == 0)
  }

  @Test("18: a warehouse that resumes itself takes its time")
  func resumesItself() async throws {
    let fixture = try await fixture()
    try await fixture.ask(
      "warehouse",
      ["name": "WH", "suspended": true, "auto_resume": true, "resume_delay": 1]
    )
    #expect(try await fixture.read("USERS").count == 1)
  }

  @Test("18: a resource monitor's quota, 090073")
  func quota() async throws {
    let fixture = try await fixture()
    try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "over_quota": true])
    let failure = try await failure(fixture)
    #expect(failure.code == "quota_exceeded")
    #expect(failure.message.contains("resource monitor"))
  }

  @Test("18: a table, schema or database that is not there or not granted, 002003")
  func missing() async throws {
    let fixture = try await fixture()
    for (table, code) in [
      ("NOWHERE", "table_not_found"), ("OTHER.T", "schema_not_found"),
      ("OTHER.S.T", "database_not_found"),
    ] {
      let failure = try await failure(fixture, table)
      #expect(failure.code == code)
      #expect(failure.recovery == .needsOperator)
      #expect(failure.message.contains("does not exist or not authorized"))
    }
    try await fixture.sql("REVOKE SELECT ON TABLE USERS FROM ROLE LOADER")
    let failure = try await failure(fixture)
    #expect(failure.code == "table_not_found")
    #expect(failure.message.contains("GRANT SELECT ON TABLE"))
  }

  @Test("18: a column that a query names and nobody has, 000904")
  func noColumn() async throws {
    let fixture = try await fixture()
    let connection = try await fixture.connect()
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.rows(.query("SELECT UPDATED_AT, NOPE, PAYLOAD FROM USERS"))
    }
    #expect(failure.code == "column_missing")
    #expect(failure.message.contains("NOPE"))
    await connection.close()
  }

  @Test("18: a role that the user does not have, 390189")
  func noRole() async throws {
    let fixture = try await fixture()
    try await fixture.sql("REVOKE ROLE LOADER FROM USER SLUICE")
    let failure = try await failure(fixture)
    #expect(failure.code == "role_not_granted")
    #expect(failure.message.contains("GRANT ROLE LOADER TO USER"))
  }

  @Test("18: a network policy, 390422, whatever its HTTP status", arguments: [401, 403])
  func networkPolicy(status: Int) async throws {
    let fixture = try await fixture()
    try await fixture.sql("CREATE NETWORK POLICY EDGE ALLOWED_IP_LIST = ('198.51.100.0/24')")
    try await fixture.ask(
      "set",
      [
        "network_policy": "EDGE", "client_address": "203.0.113.9",
        "network_status": .number("\(status)"),
      ]
    )
    let failure = try await failure(fixture)
    #expect(failure.code == "network_policy")
    #expect(failure.message.contains("203.0.113.9"))
  }

  @Test(
    "18: answers that stay as they are",
    arguments: [
      (429, "390505", "too_many_requests", Recovery.retry),
      (503, "", "warehouse_unavailable", .retry), (403, "", "access_forbidden", .needsOperator),
      (404, "", "host_not_found", .needsOperator),
      (422, "003001", "permission_denied", .needsOperator),
      (400, "390142", "query_failed", .failRun), (422, "001003", "query_failed", .needsOperator),
    ]
  )
  func answers(status: Int, code: String, name: String, recovery: Recovery) async throws {
    let fixture = try await fixture()
    try await fixture.fault(
      "submit",
      [
        "status": .number("\(status)"),
        "json": [
          "code": .string(code), "message": "why", "sqlState": code.isEmpty ? "" : "42000",
        ],
        "headers": ["Retry-After": "0"],
      ],
      times: 0
    )
    let failure = try await failure(fixture)
    #expect(failure.code == name)
    #expect(failure.recovery == recovery)
    let count = try await fixture.requests("submit").count
    #expect(recovery == .retry ? count >= 5 : count == 1)
  }

  @Test("18: a result that is too large for the API, 391908 in a 200, is no data")
  func tooLarge() async throws {
    let fixture = try await fixture()
    let body =
      #"{"resultSetMetaData":{"numRows":1,"format":"jsonv2","rowType":[],"partitionInfo":[{"rowCount":1,"uncompressedSize":1}]},"data":[["1.0","a","{}"]],"code":"391908","statementHandle":"x"}"#
    try await fixture.fault("poll", ["status": 200, "body": .string(body), "headers": [:]])
    #expect(try await failure(fixture).code == "result_too_large")
  }

  @Test(
    "21: names in small letters are Snowflake's own in capitals; in quotes they are as they are"
  )
  func smallLetters() async throws {
    var fixture = try await fixture()
    for name in ["database", "schema", "warehouse", "role"] {
      fixture.settings[name] = fixture.settings[name]?.lowercased()
    }
    #expect(try await fixture.read("USERS").count == 1)
    fixture.settings["warehouse"] = "\"wh\""
    let failure = try await failure(fixture)
    #expect(failure.code == "no_warehouse")
    #expect(failure.message.contains("\"wh\""))
  }

  @Test("22: every request says who asks, and no query tag holds a secret")
  func headers() async throws {
    let fixture = try await fixture()
    #expect(try await fixture.read("USERS").count == 1)
    for request in try await fixture.requests() {
      let headers = request["headers"]
      #expect(headers?["user-agent"]?.string == "sluice-tests/1")
      #expect(headers?["x-snowflake-authorization-token-type"]?.string == "KEYPAIR_JWT")
      #expect(headers?["accept"]?.string == "application/json")
      let tag = request["body"]?["parameters"]?["query_tag"]?.string
      #expect(request["point"]?.string != "submit" || tag == "sluice")
      #expect(request["query"]?["nullable"]?.string != "false")
    }
  }

  @Test("22: every statement of a connection says whose work it is, in at most 2,000 characters")
  func tag() async throws {
    let fixture = try await fixture()
    let driver = try WarehouseRegistry.all.driver("snowflake")
    for (tag, text) in [
      (QueryTag(sync: "users", run: "r-1"), "sluice sync=users run=r-1"),
      (QueryTag(sync: "users"), "sluice sync=users"), (QueryTag(), "sluice"),
      (QueryTag(sync: String(repeating: "é", count: 3000)), nil),
    ] {
      try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "auto_resume": false])
      try await fixture.sql("GRANT OPERATE ON WAREHOUSE WH TO ROLE LOADER")
      try await fixture.forget()
      let connection = try await driver.connect(
        settings: fixture.settings,
        credentials: fixture.credentials,
        tag: tag
      )
      #expect(await connection.server.hasPrefix("Snowflake "))
      #expect(try await connection.rows(.table("USERS")).count == 1)
      _ = try await connection.inspect(.table("USERS"), data: .attributes, previewLimit: 1)
      await connection.close()
      let tags = try await fixture.requests("submit").map {
        $0["body"]?["parameters"]?["query_tag"]?.string
      }
      // The version, the columns, the warehouse's resuming, the rows, and what the look asks for.
      #expect(tags.count >= 7)
      #expect(tags.allSatisfy { text == nil ? $0?.unicodeScalars.count == 2000 : $0 == text })
    }
  }

  @Test("25: an UPDATED_AT that is no instant, and names that collide, before any row is read")
  func columns() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.sql(
      "CREATE TABLE A (UPDATED_AT VARCHAR, EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR)",
      #"CREATE TABLE B (UPDATED_AT TIMESTAMP_NTZ, "updated_at" TIMESTAMP_NTZ, EMAIL VARCHAR, PAYLOAD VARCHAR)"#,
      "CREATE TABLE C (UPDATED_AT TIMESTAMP_NTZ, PAYLOAD VARCHAR)",
      "GRANT SELECT ON TABLE A TO ROLE LOADER",
      "GRANT SELECT ON TABLE B TO ROLE LOADER",
      "GRANT SELECT ON TABLE C TO ROLE LOADER"
    )
    for (table, code) in [("A", "column_type"), ("B", "column_ambiguous"), ("C", "column_missing")]
    {
      #expect(try await failure(fixture, table).code == code)
    }
    let texts = try await fixture.requests("submit").compactMap { $0["body"]?["statement"]?.string }
    #expect(texts.allSatisfy { !$0.contains("ORDER BY") })
  }
}
