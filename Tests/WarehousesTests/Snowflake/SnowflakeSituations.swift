import Foundation
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

/// A situation that a user can meet, as the page docs/warehouses/snowflake.md names it, and how the
/// emulator is brought into it.
struct SnowflakeSituation: Sendable {
  var name: String
  /// What is changed before the read, and the settings for it.
  var provoke: @Sendable (inout SnowflakeFixture) async throws -> Void
  /// What is read then: the table USERS where nothing is said.
  var question = Question()

  struct Question: Sendable {
    var selection = RowSelection.table("USERS")
    var data = DataType.attributes
    /// Asks for a user's rows instead of a run's.
    var user: SourceUser?
    /// Once the first rows have come.
    var meanwhile: (@Sendable (SnowflakeFixture) async throws -> Void)?
  }

  init(
    _ name: String,
    _ question: Question = Question(),
    _ provoke: @escaping @Sendable (inout SnowflakeFixture) async throws -> Void
  ) {
    self.name = name
    self.question = question
    self.provoke = provoke
  }

  /// What it ends with.
  func failure() async throws -> (failure: Failure, fixture: SnowflakeFixture) {
    var fixture = try await SnowflakeFixture()
    try await fixture.create(
      FixtureTable(
        "USERS",
        [("UPDATED_AT", .instant), ("EXTERNAL_ID", .text), ("PAYLOAD", .text)],
        [[.instant(newYear), .text("a"), .text("{}")]]
      )
    )
    try await provoke(&fixture)
    let (prepared, question) = (fixture, question)
    let failure = try await #require(throws: Failure.self) {
      let connection = try await prepared.connect()
      do {
        try await question.ask(connection, prepared)
        await connection.close()
      } catch {
        await connection.close()
        throw error
      }
    }
    return (failure, fixture)
  }
}

extension SnowflakeSituation.Question {
  fileprivate func ask(
    _ connection: any WarehouseConnection,
    _ fixture: SnowflakeFixture
  ) async throws {
    if let user {
      let looking = Task {
        try await connection.rows(of: user, in: selection, data: data, limit: 5)
      }
      if let meanwhile { try await meanwhile(fixture) }
      _ = try await looking.value
      return
    }
    let reader = try await connection.readChanges(selection, data: data, from: nil)
    _ = try await reader.nextBatch()
    if let meanwhile { try await meanwhile(fixture) }
    _ = try await reader.rest()
  }
}

extension SnowflakeSituation {
  static let all: [SnowflakeSituation] = logins + grants + columns + statements + answers + network

  private static func table(_ columns: String, data: DataType = .attributes) -> SnowflakeSituation {
    SnowflakeSituation("", Question(selection: .table("T"), data: data)) { fixture in
      try await fixture.sql(
        "CREATE TABLE T (\(columns))",
        "GRANT SELECT ON TABLE T TO ROLE LOADER"
      )
    }
  }

  private static func query(_ name: String, _ text: String) -> SnowflakeSituation {
    SnowflakeSituation(name, Question(selection: .query(text))) { _ in }
  }

  private static func named(_ name: String, _ situation: SnowflakeSituation) -> SnowflakeSituation {
    var situation = situation
    situation.name = name
    return situation
  }

  private static let logins: [SnowflakeSituation] = [
    SnowflakeSituation("the user has another key, or none") { fixture in
      try await fixture.sql("ALTER USER SLUICE UNSET RSA_PUBLIC_KEY")
    },
    SnowflakeSituation("the clocks differ") { fixture in
      let late = Date(timeIntervalSinceNow: -500)
      let format = DateFormatter()
      format.locale = Locale(identifier: "en_US_POSIX")
      format.timeZone = TimeZone(identifier: "GMT")
      format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
      try await fixture.fault(
        "submit",
        [
          "status": 401, "headers": ["Date": .string(format.string(from: late))],
          "json": [
            "code": "390144",
            "message": "JWT token is invalid. [0f6c1b2a-1111-4222-8333-444455556666]",
          ],
        ],
        times: 0
      )
    },
    SnowflakeSituation("a network policy") { fixture in
      try await fixture.sql("CREATE NETWORK POLICY EDGE ALLOWED_IP_LIST = ('198.51.100.0/24')")
      try await fixture.ask(
        "set",
        ["network_policy": "EDGE", "client_address": "203.0.113.9"]
      )
    },
    SnowflakeSituation("the user does not have the role") { fixture in
      try await fixture.sql("REVOKE ROLE LOADER FROM USER SLUICE")
    },
  ]

  private static let grants: [SnowflakeSituation] = [
    SnowflakeSituation("no such warehouse, or not granted") { fixture in
      try await fixture.sql("REVOKE USAGE ON WAREHOUSE WH FROM ROLE LOADER")
    },
    SnowflakeSituation("the warehouse is suspended, AUTO_RESUME is off") { fixture in
      try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "auto_resume": false])
    },
    SnowflakeSituation("a resource monitor holds the warehouse") { fixture in
      try await fixture.ask("warehouse", ["name": "WH", "suspended": true, "over_quota": true])
    },
    SnowflakeSituation("no such database, or not granted") { fixture in
      try await fixture.sql("REVOKE USAGE ON DATABASE CDI FROM ROLE LOADER")
    },
    SnowflakeSituation("no such schema, or not granted") { fixture in
      try await fixture.sql("REVOKE USAGE ON SCHEMA CDI.INGESTION FROM ROLE LOADER")
    },
    SnowflakeSituation("no such table, or not granted") { fixture in
      try await fixture.sql("REVOKE SELECT ON TABLE USERS FROM ROLE LOADER")
    },
    query(
      "the query needs more than its tables' grants",
      "SELECT * FROM USERS WHERE SYSTEM$GET_LOGIN_FAILURE_DETAILS('x') IS NULL"
    ),
  ]

  private static let columns: [SnowflakeSituation] = [
    named("no UPDATED_AT", table("EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR")),
    named("no identifier", table("UPDATED_AT TIMESTAMP_NTZ, PAYLOAD VARCHAR")),
    named("no PAYLOAD", table("UPDATED_AT TIMESTAMP_NTZ, EXTERNAL_ID VARCHAR")),
    named(
      "a PAYLOAD in a sync of deletes",
      table("UPDATED_AT TIMESTAMP_NTZ, EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR", data: .deletes)
    ),
    named(
      "half an alias",
      table("UPDATED_AT TIMESTAMP_NTZ, ALIAS_NAME VARCHAR, PAYLOAD VARCHAR")
    ),
    named(
      "an UPDATED_AT that is no instant",
      table("UPDATED_AT VARCHAR, EXTERNAL_ID VARCHAR, PAYLOAD VARCHAR")
    ),
    named(
      "two columns of one name",
      table(
        #"UPDATED_AT TIMESTAMP_NTZ, "updated_at" TIMESTAMP_NTZ, EMAIL VARCHAR, PAYLOAD VARCHAR"#
      )
    ),
    query(
      "the query names a column that is not there",
      "SELECT UPDATED_AT, NOPE, PAYLOAD FROM USERS"
    ),
    SnowflakeSituation(
      "a user is asked for by a column that is not there",
      Question(user: .email("ann@example.com"))
    ) { _ in },
  ]

  private static let statements: [SnowflakeSituation] = [
    query(
      "the query is no SQL of Snowflake's",
      "SELECT UPDATED_AT EXTERNAL_ID PAYLOAD FROM FROM USERS"
    ),
    query(
      "a value that the query cannot convert",
      "SELECT UPDATED_AT, EXTERNAL_ID::NUMBER(38,0) AS EXTERNAL_ID, PAYLOAD FROM USERS"
    ),
    SnowflakeSituation("a query takes too long, twice") { fixture in
      fixture.settings["statementTimeout"] = "1"
      try await fixture.ask("set", ["run_seconds": 5])
    },
    SnowflakeSituation(
      "a user's rows are not found in half a minute",
      Question(
        user: .externalID("a"),
        meanwhile: { fixture in
          while try await fixture.requests("poll").isEmpty {
            try await Task.sleep(for: .milliseconds(10))
          }
          try await fixture.ask("clock", ["advance": 31])
        }
      )
    ) { fixture in
      // The columns come at once; the question then runs for longer than it may.
      try await fixture.fault("submit", ["delay": 1], where: ["statement": "LIMIT 0"])
      let prepared = fixture
      Task {
        while try await prepared.counter("executions") < 1 {
          try await Task.sleep(for: .milliseconds(10))
        }
        try await prepared.ask("set", ["run_seconds": 60])
      }
    },
    SnowflakeSituation("somebody cancels the query") { fixture in
      try await fixture.fault(
        "poll",
        [
          "status": 422,
          "json": [
            "code": "000604", "sqlState": "57014", "message": "SQL execution canceled",
          ],
        ]
      )
    },
    SnowflakeSituation(
      "the result is a day old",
      Question(
        selection: .table("\"large\""),
        // A day later, the token would be the first to have ended.
        meanwhile: { fixture in try await fixture.ask("set", ["retention": 0]) }
      )
    ) { fixture in
      try await fixture.ask("set", ["partition_bytes": 100_000])
      try await fixture.createLarge(rows: 30_000)
    },
  ]

  private static let answers: [SnowflakeSituation] = [
    answer("fewer rows than announced", body: result(announced: 2, sent: 1, code: "090001")),
    answer(
      "a result that is too large for the SQL API",
      body: result(announced: 1, sent: 1, code: "391908")
    ),
    answer("an answer that is no JSON", body: "<html>Please sign in</html>"),
    answer(
      "an UPDATED_AT that cannot be read",
      body: result(announced: 1, sent: 1, code: "090001", instant: "yesterday")
    ),
    refusal("too many requests", status: 429, code: "390505", message: "Too many requests."),
    refusal("Snowflake is not well", status: 503, code: "", message: "Service Unavailable"),
    refusal("the request is forbidden", status: 403, code: "", message: ""),
    refusal(
      "the request is malformed",
      status: 400,
      code: "390142",
      message: "Incoming request does not contain a valid payload."
    ),
  ]

  private static func answer(_ name: String, body: String) -> SnowflakeSituation {
    SnowflakeSituation(name) { fixture in
      try await fixture.fault(
        "poll",
        ["status": 200, "body": .string(body), "headers": [:]],
        times: 0
      )
    }
  }

  private static func result(
    announced: Int,
    sent: Int,
    code: String,
    instant: String = "1704067200.000000000"
  ) -> String {
    let rows = Array(repeating: #"["\#(instant)","a","{}"]"#, count: sent).joined(separator: ",")
    return """
      {"resultSetMetaData":{"numRows":\(announced),"format":"jsonv2","rowType":[],\
      "partitionInfo":[{"rowCount":\(announced),"uncompressedSize":1}]},"data":[\(rows)],\
      "code":"\(code)","statementHandle":"x"}
      """
  }

  private static func refusal(
    _ name: String,
    status: Int,
    code: String,
    message: String
  ) -> SnowflakeSituation {
    SnowflakeSituation(name) { fixture in
      try await fixture.fault(
        "submit",
        [
          "status": .number("\(status)"), "headers": ["Retry-After": "0"],
          "json": ["code": .string(code), "message": .string(message)],
        ],
        times: 0
      )
    }
  }

  private static let network: [SnowflakeSituation] = [
    SnowflakeSituation("a host without Snowflake") { fixture in
      fixture.settings["host"] = "elsewhere.snowflakecomputing.localhost"
    },
    SnowflakeSituation("a host that nobody knows") { fixture in
      fixture.settings["host"] = "myorg-acct.snowflakecomputing.invalid"
    },
    SnowflakeSituation("nobody listens there") { fixture in
      // Above those that the system gives out by itself.
      fixture.settings["port"] = "65534"
    },
    SnowflakeSituation("a certificate of an authority that is not trusted") { fixture in
      fixture.settings["caFile"] = fixture.emulator.facts.wrongCaFile
    },
    SnowflakeSituation("an address that the operator has not allowed") { fixture in
      fixture.settings["host"] = "10.0.0.1"
    },
    SnowflakeSituation("the connection breaks off, six times") { fixture in
      try await fixture.fault("submit", ["reset": true], times: 0, where: ["statement": "ORDER BY"])
    },
    SnowflakeSituation("an account with its host in it") { fixture in
      fixture.settings["account"] = "myorg-acct.snowflakecomputing.com"
    },
  ]
}
