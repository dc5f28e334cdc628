import HTTPFetch
import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// The points of warehouses.md, B.8, about logins, statements and warehouses, by their numbers.
@Suite("Databricks, B.8: logins, statements and the warehouse")
struct DatabricksStatementTests {
  @Test("B.8.1 a token and an OAuth client log in; the client's token is renewed during a run")
  func logins() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure(["chunk_bytes": 100_000])
    #expect(try await bench.ids(bench.connect()).count == 20_000)
    #expect(try await bench.fixture.requests("token").isEmpty)

    let refused = await bench.failure(bench.fixture.client(secret: "wrong"))
    #expect(refused?.code == "login_refused")
    #expect(refused?.message.contains("OAuth client: Client authentication failed") == true)

    // It lives two seconds and is renewed after one: the reads take longer.
    try await bench.fixture.configure(["token_seconds": 2])
    try await bench.fixture.fault("link", ["delay": 1.6], where: ["chunk": 1])
    let connection = try await bench.connect(bench.fixture.client)
    #expect(try await bench.ids(connection).count == 20_000)
    #expect(try await bench.fixture.requests("token").count >= 3)

    // One that ends before its time is asked for again, once.
    try await bench.fixture.configure(["token_seconds": 3600])
    let second = try await bench.connect(bench.fixture.client)
    try await bench.fixture.advance(seconds: 3601)
    #expect(try await bench.ids(second).count == 20_000)
    await connection.close()
    await second.close()
  }

  @Test("B.8.2 what is refused is told apart")
  func refusals() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.steer(
      "principal",
      ["name": "guest", "tokens": [.string("dapi.\(bench.fixture.workspace).guest")]]
    )
    try await bench.fixture.steer(
      "principal",
      [
        "name": "reader", "can_use": true,
        "tokens": [.string("dapi.\(bench.fixture.workspace).reader")],
      ]
    )
    var failures: [Failure] = []
    failures.append(try #require(await bench.failure(bench.fixture.token("nobody"))))
    failures.append(try #require(await bench.failure(bench.fixture.token("guest"))))
    failures.append(try #require(await bench.failure(bench.fixture.token("reader"))))
    failures.append(
      try #require(
        await bench.failure(settings: ["httpPath": "/sql/1.0/warehouses/0123456789abcdef"])
      )
    )
    let fixture = bench.fixture
    failures.append(
      try #require(await bench.failure { _ in try await fixture.advance(seconds: 3700) })
    )
    #expect(
      failures.map(\.code) == [
        "login_refused", "permission_denied", "permission_denied", "warehouse_not_found",
        "result_expired",
      ]
    )
    #expect(Set(failures.map(\.message)).count == 5)
    #expect(failures[1].message.contains("grant it CAN USE"))
    #expect(failures[2].message.contains("grant SELECT on it, USE SCHEMA and USE CATALOG"))
    #expect(failures[3].message.contains("0123456789abcdef"))
    #expect(failures[4].recovery == .failRun)
    #expect(failures.prefix(4).allSatisfy { $0.recovery == .needsOperator })
  }

  @Test("B.8.3 a statement is never waited for, and polled until it has ended")
  func polls() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["pending_polls": 4, "running_polls": 4])
    let connection = try await bench.connect()
    #expect(try await bench.ids(connection) == [0, 1, 2])
    let executes = try await bench.fixture.requests("execute")
    #expect(executes.count == 2)
    for request in executes {
      #expect(request["body"]?["wait_timeout"]?.string == "0s")
      #expect(request["body"]?["disposition"]?.string == "EXTERNAL_LINKS")
      #expect(request["body"]?["format"]?.string == "JSON_ARRAY")
    }
    #expect(try await bench.fixture.requests("status").count >= 16)
    #expect(try await bench.fixture.executions() == 2)
    #expect(DatabricksTiming().longestPoll <= .seconds(60))
    await connection.close()
  }

  @Test("B.8.4 a stopped warehouse starts, is told about, and no deadline counts its start")
  func warmUp() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    // Minutes, scaled; longer than the query's own limit, which begins when it runs.
    try await bench.fixture.steer("warehouse", ["state": "STOPPED", "start_seconds": 4, "lag": 1])
    let connection = try await bench.connect(nil) { $0.inspection = .seconds(3) }
    let inspection = try await bench.listening {
      try await connection.inspect(.table("t"), data: .attributes, previewLimit: 3)
    }
    #expect(inspection.problem == nil)
    #expect(inspection.preview.count == 3)
    let notices = bench.memory.notices
    #expect(notices.first?.kind == .starting)
    #expect(
      notices.first?.text
        == "the SQL warehouse cdi is starting; a classic or pro one takes two to five minutes"
    )
    #expect(notices.contains { $0.text.contains("s so far") })
    #expect(notices.last?.kind == .running)
    await connection.close()

    try await bench.fixture.steer("warehouse", ["state": "STOPPED", "start_seconds": 1, "lag": 0])
    let run = try await bench.connect()
    let rows = try await bench.listening { try await bench.ids(run) }
    #expect(rows == [0, 1, 2])
    #expect(bench.memory.notices.last?.kind == .running)
    await run.close()
  }

  @Test("B.8.4 a start that takes too long ends, and so does its statement")
  func endlessStart() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.steer("warehouse", ["state": "STOPPED", "start_seconds": 3600])
    let connection = try await bench.connect(nil) { $0.start = .milliseconds(500) }
    let inspection = try await connection.inspect(
      .table("t"),
      data: .attributes,
      previewLimit: 3
    )
    #expect(inspection.problem?.code == "warehouse_start_timeout")
    #expect(try await bench.fixture.requests("cancel").count == 1)
    await connection.close()
  }

  @Test("B.8.5 a start that fails says why")
  func failedStart() async throws {
    let bench = try await DatabricksBench()
    try await bench.fixture.steer(
      "warehouse",
      ["state": "STOPPED", "start_seconds": 1, "failure": "no more instances of this kind"]
    )
    let failure = try #require(await bench.failure())
    #expect(failure.code == "warehouse_start_failed")
    #expect(
      failure.message
        == "the SQL warehouse cdi could not be started: CLOUD_PROVIDER_LAUNCH_FAILURE: no more instances of this kind; look at its events in the workspace, and start it there"
    )
    #expect(failure.recovery == .needsOperator)
    try await bench.fixture.steer("warehouse", ["state": "DELETED"])
    #expect(await bench.failure()?.code == "warehouse_not_found")
  }

  @Test(
    "B.8.6 a failed statement's class is read, with and without sql_state",
    arguments: [true, false]
  )
  func failedStatements(saysState: Bool) async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["says_sql_state": .bool(saysState)])
    try await bench.fixture.steer(
      "principal",
      [
        "name": "reader", "can_use": true,
        "tokens": [.string("dapi.\(bench.fixture.workspace).reader")],
      ]
    )
    let cases: [(String, WarehouseCredentials, String, Recovery)] = [
      (
        "SELECT * FROM main.default.nobody", bench.fixture.credentials, "table_not_found",
        .needsOperator
      ),
      (
        "SELECT nothing FROM main.default.t", bench.fixture.credentials, "column_missing",
        .needsOperator
      ),
      ("SELECT FROM WHERE", bench.fixture.credentials, "query_failed", .needsOperator),
      (
        "SELECT updated_at, external_id, CAST(1/(id-id) AS STRING) AS payload FROM (SELECT *, 1 AS id FROM main.default.t) AS x",
        bench.fixture.credentials, "query_failed", .failRun
      ),
      (
        "SELECT * FROM main.default.t", bench.fixture.token("reader"), "permission_denied",
        .needsOperator
      ),
    ]
    for (query, credentials, code, recovery) in cases {
      let failure = try #require(await bench.failure(credentials, selection: .query(query)))
      #expect(failure.code == code, "\(query): \(failure)")
      #expect(failure.recovery == recovery, "\(query): \(failure)")
      #expect(failure.cause?.contains("SQLSTATE") == true)
    }
  }

  @Test("B.8.6 an error's text is taken apart")
  func errorTexts() {
    let full = DatabricksErrorText(
      "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column `x` cannot be resolved. SQLSTATE: 42703",
      sqlState: nil
    )
    #expect(full.name == "UNRESOLVED_COLUMN.WITH_SUGGESTION")
    #expect(full.sqlState == "42703")
    #expect(full.words == "A column `x` cannot be resolved. ")
    let plain = DatabricksErrorText("something [else] went wrong", sqlState: "XX000")
    #expect(plain == DatabricksErrorText("something [else] went wrong", sqlState: "XX000"))
    #expect(plain.name.isEmpty)
    #expect(plain.sqlState == "XX000")
    #expect(DatabricksErrorText("", sqlState: nil).sqlState.isEmpty)
    #expect(DatabricksErrorText("[", sqlState: nil).words == "[")
  }

  @Test(
    "B.8.7 a statement that somebody else ends fails the run; the next one reads on",
    arguments: ["CANCELED", "CLOSED"]
  )
  func endedByOthers(state: String) async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    try await bench.fixture.configure(["running_polls": 1_000_000])
    let fixture = bench.fixture
    async let failed = bench.failure()
    while try await fixture.requests("status").isEmpty {
      try await Task.sleep(for: .milliseconds(20))
    }
    try await fixture.steer("end", ["state": .string(state)])
    let failure = try #require(await failed)
    #expect(failure.code == (state == "CANCELED" ? "query_cancelled" : "result_expired"))
    #expect(failure.recovery == .failRun)
    #expect(failure.message.contains("the next run reads on from the last row that is applied"))
    try await fixture.configure(["running_polls": 0])
    #expect(await bench.failure() == nil)
  }

  @Test(
    "B.8.13 what is throttled waits as long as it was told, or a second; the query is not restarted"
  )
  func throttled() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 20_000)
    try await bench.fixture.configure(["chunk_bytes": 100_000])
    let busy: JSONValue = ["error_code": "RESOURCE_EXHAUSTED", "message": "slow down"]
    try await bench.fixture.fault(
      "execute",
      ["status": 429, "json": busy, "headers": ["Retry-After": "7"]]
    )
    try await bench.fixture.fault(
      "status",
      ["status": 503, "json": ["error_code": "TEMPORARILY_UNAVAILABLE", "message": "wait"]]
    )
    try await bench.fixture.fault(
      "chunk",
      ["status": 429, "json": busy],
      where: ["chunk": 2],
      times: 2
    )
    let connection = try await bench.connect()
    #expect(try await bench.ids(connection) == Array(0..<20_000))
    #expect(bench.memory.sleeps.count == 4)
    #expect(bench.memory.sleeps.filter { $0 >= .seconds(7) }.count == 1)
    #expect(bench.memory.sleeps.allSatisfy { $0 >= .seconds(1) })
    #expect(try await bench.fixture.executions() == 2)
    await connection.close()
  }

  @Test("B.8.19 a login page, and errors that are no JSON")
  func otherPages() async throws {
    let bench = try await DatabricksBench()
    try await bench.make(rows: 3)
    let page: JSONValue = [
      "status": 200, "body": "<html>Sign in</html>", "headers": ["Content-Type": "text/html"],
    ]
    for point in ["warehouse", "execute", "status"] {
      try await bench.fixture.fault(point, page)
      let failure = try #require(await bench.failure())
      #expect(failure.code == "not_databricks")
      #expect(failure.message.contains("is not a Databricks API response (HTTP 200, text/html"))
    }
    try await bench.fixture.fault(
      "execute",
      ["status": 403, "body": "<html>no</html>", "headers": ["Content-Type": "text/html"]]
    )
    #expect(await bench.failure()?.code == "not_databricks")
    try await bench.fixture.fault(
      "execute",
      [
        "status": 403, "body": "PERMISSION_DENIED: not here",
        "headers": ["Content-Type": "text/plain"],
      ]
    )
    let text = try #require(await bench.failure())
    #expect(text.code == "permission_denied")
    #expect(text.message.contains("PERMISSION_DENIED: not here"))
    try await bench.fixture.fault(
      "status",
      ["status": 200, "json": ["statement_id": "../x", "status": ["state": "SUCCEEDED"]]]
    )
    #expect(await bench.failure()?.code == "unexpected_answer")
  }

  @Test("settings are checked, and names of hosts as people copy them")
  func settings() async throws {
    let bench = try await DatabricksBench()
    for (change, word) in [
      (["httpPath": "/sql/1.0/dd43"], "httpPath"), (["httpPath": ""], "httpPath"),
      (["warehouse": "x"], "not both"), (["httpPath": "", "warehouse": "../x"], "no id"),
      (["host": "user@x"], "host"), (["caFile": "/nowhere"], "caFile"),
    ] {
      let failure = try #require(await bench.failure(settings: change))
      #expect(failure.code == "invalid_settings")
      #expect(failure.message.contains(word), "\(failure)")
    }
    let connection = try await bench.connect(settings: ["host": "https://localhost/"])
    #expect(await connection.server == "Databricks SQL warehouse cdi")
    await connection.close()
    // Without leave, this machine is not called.
    let strict = WarehouseSurroundings(world: WarehouseSurroundings.tests.world, userAgent: "x")
    let refused = try await #require(throws: Failure.self) {
      _ = try await DatabricksWarehouse(strict).connect(
        settings: bench.fixture.settings,
        credentials: bench.fixture.credentials
      )
    }
    #expect(refused.code == "invalid_settings")
    #expect(refused.message.contains("SLUICE_EGRESS_ALLOW"))
  }
}
