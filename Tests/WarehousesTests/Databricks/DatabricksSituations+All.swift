import HTTPFetch
import SyncModel
import Testing
import Warehouse

@testable import Warehouses

extension DatabricksSituation {
  static let all = logins + warehouses + sources + statements + results + workspace + settings

  private static let logins: [Self] = [
    reading("the token is wrong, or has ended", as: .token("nobody")),
    reading("the OAuth client's id or secret is wrong", as: .client(secret: "wrong")),
    fault(
      "the token endpoint is not available",
      "token",
      ["status": 503, "body": ""],
      times: 0,
      as: .client(secret: "dose-owner")
    ),
    fault(
      "the token endpoint is somebody else's",
      "token",
      ["status": 200, "json": ["hello": "world"]],
      as: .client(secret: "dose-owner")
    ),
    by("the SQL warehouse may not be used", canUse: false),
    by("the table may not be read", canUse: true),
    fault(
      "rights were taken away while a statement ran",
      "status",
      ["status": 403, "json": ["error_code": "PERMISSION_DENIED", "message": "Not yours."]]
    ),
  ]

  private static let warehouses: [Self] = [
    reading(
      "there is no such SQL warehouse",
      settings: ["httpPath": "/sql/1.0/warehouses/0123456789abcdef"]
    ),
    reading("the SQL warehouse was deleted") {
      try await $0.fixture.steer("warehouse", ["state": "DELETED"])
    },
    notice("the SQL warehouse is stopped and starts") { $0.kind == .starting },
    notice("it still starts") { $0.text.contains("so far") },
    notice(
      "it starts, and the credential may not look at it",
      after: { bench in
        try await bench.fixture.fault(
          "warehouse",
          ["status": 403, "json": ["error_code": "PERMISSION_DENIED", "message": "no"]],
          times: 0
        )
      },
      where: { $0.kind == .starting }
    ),
    notice("it runs") { $0.kind == .running },
    start(
      "it cannot be started",
      ["state": "STOPPED", "start_seconds": 1, "failure": "no more instances of this kind"]
    ),
    start("it stays stopped", ["state": "STOPPED", "start_seconds": 3600, "lag": 3600]) {
      $0.grace = .milliseconds(100)
    },
    start("it starts for ever", ["state": "STOPPED", "start_seconds": 3600]) {
      $0.start = .seconds(1)
    },
  ]

  private static let sources: [Self] = [
    reading("there is no such schema", .table("nowhere.t")),
    reading("there is no such table", .table("nobody")),
    reading("a column is missing", .table("bare")) {
      try await $0.fixture.run("CREATE TABLE bare (updated_at TIMESTAMP, external_id STRING)")
    },
    reading("a column has a wrong type", .table("odd")) {
      try await $0.fixture.run(
        "CREATE TABLE odd (updated_at DATE, external_id STRING, payload STRING)"
      )
    },
    query("the query's table is not there", "SELECT * FROM main.default.nobody"),
    query("the query's column is not there", "SELECT nothing FROM main.default.t"),
    query("the query is no SQL", "SELECT FROM WHERE"),
    query("the query uses what Databricks does not have", "SELECT nope(1) FROM main.default.t"),
    query("the query is no SELECT", "DROP TABLE main.default.t"),
    query(
      "a row's data cannot be read",
      "SELECT updated_at, external_id, CAST(1/(id-id) AS STRING) AS payload FROM (SELECT *, 1 AS id FROM main.default.t) AS x"
    ),
  ]

  private static let statements: [Self] = [
    failed("the warehouse is short of something", "RESOURCE_EXHAUSTED", "Too many queries."),
    failed("the workspace fails", "INTERNAL_ERROR", "Something went wrong."),
    failed("a statement fails in a way that has no name", "UNKNOWN", "Nobody knows."),
    failed("the token ends while a statement runs", "UNAUTHENTICATED", "Token expired."),
    ended("somebody cancels the statement", "CANCELED"),
    ended("somebody lets the result go", "CLOSED"),
    Self(name: "the result is older than an hour") { bench in
      try await bench.make(rows: 3)
      let fixture = bench.fixture
      return await bench.failure { _ in try await fixture.advance(seconds: 3700) }.map(Said.init)
    },
    Self(name: "a test's query takes too long") { bench in
      try await bench.make(rows: 3)
      try await bench.fixture.configure(["running_polls": 1_000_000])
      let connection = try await bench.connect(nil) { $0.inspection = .seconds(1) }
      let found = try await connection.inspect(.table("t"), data: .attributes, previewLimit: 1)
      await connection.close()
      return found.problem.map(Said.init)
    },
    Self(name: "Sluice stops while it reads") { bench in
      try await bench.make(rows: 3)
      let connection = try await bench.connect()
      let reader = try await connection.readChanges(.table("t"), data: .attributes, from: nil)
      await connection.close()
      do {
        _ = try await reader.nextBatch()
        return nil
      } catch let failure as Failure {
        return Said(failure)
      }
    },
  ]

  private static func ended(_ name: String, _ state: String) -> Self {
    Self(name: name) { bench in
      try await bench.make(rows: 3)
      try await bench.fixture.configure(["running_polls": 1_000_000])
      let fixture = bench.fixture
      async let failed = bench.failure()
      while try await fixture.requests("status").isEmpty {
        try await Task.sleep(for: .milliseconds(20))
      }
      try await fixture.steer("end", ["state": .string(state)])
      return await failed.map(Said.init)
    }
  }

  private static let results: [Self] = [
    reading("the result was cut") { try await $0.fixture.configure(["truncates": true]) },
    fault(
      "a firewall keeps the storage away",
      "link",
      ["status": 403, "body": "<Error/>"],
      skip: 1,
      times: 0
    ),
    fault("a chunk breaks off again and again", "link", ["truncate": 5], skip: 1, times: 0),
    fault(
      "a chunk lacks rows",
      "link",
      ["status": 200, "json": [["0", "0", "{}", "x"]]],
      skip: 1
    ),
    fault("a chunk is no JSON", "link", ["status": 200, "body": "[[1,"], skip: 1, times: 0),
    fault("a chunk has other columns", "link", ["status": 200, "json": [["0", "x"]]], skip: 1),
  ]

  private static let workspace: [Self] = [
    fault(
      "calls are too many",
      "execute",
      ["status": 429, "json": ["error_code": "RESOURCE_EXHAUSTED", "message": "Slow down."]],
      times: 0
    ),
    fault(
      "the workspace is not available",
      "execute",
      ["status": 503, "json": ["error_code": "TEMPORARILY_UNAVAILABLE", "message": "Wait."]],
      times: 0
    ),
    fault(
      "a login page or a proxy answers",
      "warehouse",
      [
        "status": 200, "body": "<html>Sign in</html>",
        "headers": ["Content-Type": "text/html"],
      ]
    ),
    fault(
      "a call is refused for another reason",
      "execute",
      ["status": 400, "json": ["error_code": "BAD_REQUEST", "message": "Bad catalog name."]]
    ),
    fault(
      "an answer has a form that is not known",
      "status",
      ["status": 200, "json": ["statement_id": "../x", "status": ["state": "SUCCEEDED"]]]
    ),
    fault("the connection breaks off", "warehouse", ["reset": true], times: 0),
    reading("nobody listens at the host's port", settings: ["port": "65534"]),
    Self(name: "the certificate is of an authority that is not trusted") { bench in
      try await bench.make(rows: 3)
      return await bench.failure(settings: ["caFile": bench.fixture.emulator.facts.wrongCaFile])
        .map(Said.init)
    },
  ]

  private static let settings: [Self] = [
    reading("no HTTP path is given", settings: ["httpPath": ""]),
    reading("the HTTP path is none", settings: ["httpPath": "/sql/1.0/dd43"]),
    reading("the SQL warehouse is given twice", settings: ["warehouse": "dd43ee29fedd958d"]),
    reading(
      "the id of the SQL warehouse is none",
      settings: ["httpPath": "", "warehouse": "../x"]
    ),
    reading("the host's name is none", settings: ["host": "user@x"]),
    reading("the file of authorities cannot be read", settings: ["caFile": "/nowhere"]),
    reading("the source has no credential", as: .nobody),
    reading("the credential is of another type", as: .other(.password, secret: "x")),
    reading("the secret is empty", as: .other(.token, secret: " \n")),
    Self(name: "the workspace is at an address that is kept from Sluice") { bench in
      let strict = WarehouseSurroundings(world: WarehouseSurroundings.tests.world, userAgent: "x")
      do {
        _ = try await DatabricksWarehouse(strict).connect(
          settings: bench.fixture.settings,
          credentials: bench.fixture.credentials
        )
        return nil
      } catch let failure as Failure {
        return Said(failure)
      }
    },
  ]
}
