import Foundation
import HTTPFetch
import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// What a person reads, each situation brought about in the emulator, and the page of BigQuery, which
/// has the same sentences.
@Suite("BigQuery: what a person is told, and the page that lists it")
struct BigQueryMessageTests {
  @Test(
    "C.5 each situation has the code and the sentence of docs/warehouses/bigquery.md",
    arguments: provocations
  )
  func told(provocation: Provocation) async throws {
    let bench = try await BigQueryBench(rows: 2)
    let failure = try #require(try await provocation.provoke(bench))
    // The page's names instead of the test's.
    var sentence = failure.message
    for (ours, pages) in [
      ("https://localhost:\(bench.fixture.emulator.facts.port)", "https://bigquery.googleapis.com"),
      ("localhost", "oauth2.googleapis.com"), (bench.fixture.project, "my-project"),
      ("@example.iam", "@my-project.iam"),
    ] {
      sentence = sentence.replacing(ours, with: pages)
    }
    let row = try Self.page().first { $0.situation == provocation.situation }
    let told = "| \(provocation.situation) | `\(failure.code)` | \(sentence) |"
    #expect(row.map { "| \($0.situation) | `\($0.code)` | \($0.sentence) |" } == told)
  }

  @Test("the page lists what is brought about here, and nothing else")
  func complete() throws {
    #expect(try Self.page().map(\.situation) == Self.provocations.map(\.situation))
  }

  private struct Row {
    var situation: String
    var code: String
    var sentence: String
  }

  /// The table below "## Messages".
  private static func page() throws -> [Row] {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("docs/warehouses/bigquery.md"),
      encoding: .utf8
    )
    let section = try #require(
      text.components(separatedBy: "\n## Messages\n").last?.components(separatedBy: "\n## ").first
    )
    return section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map { line in
      let cells = line.dropFirst(2).dropLast(2).components(separatedBy: " | ")
      return Row(
        situation: cells[0],
        code: cells.count > 1 ? cells[1].replacing("`", with: "") : "",
        sentence: cells.dropFirst(2).joined(separator: " | ")
      )
    }
  }
}

/// A situation that a person can meet.
struct Provocation: Sendable, CustomTestStringConvertible {
  var situation: String
  var provoke: @Sendable (BigQueryBench) async throws -> Failure?
  var testDescription: String { situation }

  init(_ situation: String, _ provoke: @escaping @Sendable (BigQueryBench) async throws -> Failure?)
  {
    self.situation = situation
    self.provoke = provoke
  }
}

extension BigQueryMessageTests {
  static let provocations = login + network + grants + names + columns + statements + results

  private static let often = 9

  /// A call that fails as Google says, however often it is made.
  private static func refused(
    _ point: String,
    _ status: Int,
    _ reason: String,
    _ message: String
  ) -> @Sendable (BigQueryBench) async throws -> Failure? {
    { bench in
      try await bench.fixture.fault(
        point,
        ["status": .whole(status), "json": BigQueryBench.body(reason, message)],
        times: often
      )
      return try await bench.told()
    }
  }

  /// Jobs that fail.
  private static func broken(
    _ reason: String,
    _ message: String
  ) -> @Sendable (BigQueryBench) async throws -> Failure? {
    { bench in
      let error: JSONValue = ["reason": .string(reason), "message": .string(message)]
      try await bench.fixture.behave(["jobErrors": [error, error]])
      return try await bench.told()
    }
  }

  private static func table(
    _ columns: String,
    _ data: DataType = .attributes
  ) -> @Sendable (BigQueryBench) async throws -> Failure? {
    { bench in
      try await bench.fixture.run("CREATE TABLE `{p}.ingestion.people` (\(columns))")
      return try await bench.told(bench.fixture.selection("people"), data: data)
    }
  }

  private static let login: [Provocation] = [
    .init("no credential") { bench in
      try await bench.told(credentials: WarehouseCredentials())
    },
    .init("the key was deleted, or the account disabled") { bench in
      try await bench.fixture.steer("revoke", ["email": .string(BigQueryFixture.account)])
      return try await bench.told()
    },
    .init("Google refuses the account") { bench in
      try await bench.fixture.fault(
        "token",
        [
          "status": 401,
          "json": [
            "error": "unauthorized_client",
            "error_description": "Client is unauthorized to use this",
          ],
        ]
      )
      return try await bench.told()
    },
    .init("the token endpoint does not work") { bench in
      try await bench.fixture.fault(
        "token",
        [
          "status": 503,
          "json": ["error": "temporarily_unavailable", "error_description": "Later"],
        ],
        times: often
      )
      return try await bench.told()
    },
    .init("the token endpoint is none") { bench in
      try await bench.fixture.fault("token", ["status": 200, "json": [:]])
      return try await bench.told()
    },
    .init("the key file names no address for tokens") { bench in
      var signer = bench.fixture.signer
      signer.tokenURI = "file:///etc/passwd"
      return try await bench.told(credentials: bench.fixture.credentials(signer))
    },
    .init(
      "the access token is refused",
      refused("tables.get", 401, "authError", "Invalid credentials")
    ),
    .init("a setting is wrong") { bench in
      try await bench.told(nil, ["maximumBytesBilled": "10 GB"])
    },
  ]

  private static let network: [Provocation] = [
    .init("the endpoint's name is not known") { bench in
      try await bench.told(nil, ["endpoint": "https://bigquery.nowhere.invalid"])
    },
    .init("nobody answers at the endpoint") { bench in
      try await bench.told(nil, ["endpoint": "https://127.0.0.1:65530"])
    },
    .init("the endpoint is in a private network") { bench in
      try await bench.told(nil, ["endpoint": "https://10.0.0.1"])
    },
    .init("the certificate is not trusted") { bench in
      try await bench.told(nil, ["caFile": "/etc/ssl/certs/ca-certificates.crt"])
    },
    .init("the connection breaks, again and again") { bench in
      try await bench.fixture.fault("tables.get", ["reset": true], times: often)
      return try await bench.told()
    },
    .init("pages are damaged, again and again") { bench in
      try await bench.fixture.fault("results", ["status": 200, "body": "{\"rows\":"], times: often)
      return try await bench.told()
    },
    .init("BigQuery does not work", refused("results", 503, "backendError", "Try again later.")),
    .init("a gateway does not work") { bench in
      try await bench.fixture.fault("results", ["status": 502, "body": "<html>"], times: often)
      return try await bench.told()
    },
    .init(
      "too many calls",
      refused(
        "jobs.insert",
        403,
        "rateLimitExceeded",
        "Exceeded rate limits: too many api requests."
      )
    ),
    .init(
      "a quota is used up",
      refused("jobs.insert", 403, "quotaExceeded", "Quota exceeded: Your project exceeded quota.")
    ),
  ]

  private static let grants: [Provocation] = [
    .init("no right to run queries") { bench in
      try await bench.fixture.refuse("bigquery.jobs.create", bench.fixture.project)
      return try await bench.told()
    },
    .init("no right to read the table") { bench in
      let name = "\(bench.fixture.project).ingestion.users"
      try await bench.fixture.refuse("bigquery.tables.getData", name)
      return try await bench.told()
    },
    .init("no right to look at the table") { bench in
      try await bench.fixture.refuse("bigquery.tables.get", bench.fixture.project)
      return try await bench.told()
    },
    .init(
      "the API is off",
      refused(
        "tables.get",
        403,
        "accessDenied",
        "Access Denied: BigQuery API has not been used in project 1234 before or it is disabled"
      )
    ),
    .init(
      "no billing account",
      refused(
        "jobs.insert",
        403,
        "billingNotEnabled",
        "Billing has not been enabled for this project."
      )
    ),
  ]

  private static let names: [Provocation] = [
    .init("the table is not there") { bench in
      try await bench.told(bench.fixture.selection("absent"))
    },
    .init("the dataset is not there") { bench in try await bench.told(.table("absent.users")) },
    .init("the dataset is in another location") { bench in
      try await bench.told(nil, ["location": "US"])
    },
    .init("the project is not there") { bench in
      try await bench.told(.table("absent-1.ingestion.users"))
    },
    .init("a table's name without its dataset") { bench in try await bench.told(.table("users")) },
    .init("a query that is none") { bench in try await bench.told(.query("DELETE FROM users")) },
  ]

  private static let columns: [Provocation] = [
    .init("no UPDATED_AT", table("external_id STRING, payload JSON")),
    .init("no identifier", table("updated_at TIMESTAMP, payload JSON")),
    .init("half an alias", table("updated_at TIMESTAMP, alias_name STRING, payload JSON")),
    .init("no PAYLOAD", table("updated_at TIMESTAMP, external_id STRING")),
    .init(
      "a PAYLOAD in a sync of deletes",
      table("updated_at TIMESTAMP, external_id STRING, payload JSON", .deletes)
    ),
    .init(
      "wrong types",
      table("updated_at DATE, external_id BYTES, email ARRAY<STRING>, payload INT64")
    ),
    .init("no column for the user who is asked about") { bench in
      try await bench.told(of: .email("a@b.example"))
    },
    .init("a filter on other partitions is wanted") { bench in
      try await bench.fixture.run(partitioned)
      return try await bench.told(bench.fixture.selection("people"))
    },
    .init("the same of a query") { bench in
      try await bench.fixture.run(partitioned)
      return try await bench.told(
        .query("SELECT updated_at, external_id, payload FROM \(bench.fixture.from("people"))")
      )
    },
  ]

  private static let partitioned = """
    CREATE TABLE `{p}.ingestion.people` (updated_at TIMESTAMP, external_id STRING, payload STRING,
      day DATE) PARTITION BY day OPTIONS (require_partition_filter = TRUE)
    """

  private static let statements: [Provocation] = [
    .init("a query is wrong") { bench in
      try await bench.told(.query("SELECT absent FROM \(bench.fixture.from("users"))"))
    },
    .init("more bytes than are allowed") { bench in
      try await bench.told(nil, ["maximumBytesBilled": "1000"])
    },
    .init(
      "too large for BigQuery's memory",
      broken("resourcesExceeded", "Resources exceeded during query execution.")
    ),
    .init("a row is too large", broken("responseTooLarge", "Response too large to return.")),
    .init("somebody cancelled the job", broken("stopped", "Job execution was cancelled.")),
    .init("BigQuery broke the job twice", broken("jobBackendError", "Error encountered.")),
    .init(
      "BigQuery lost the job",
      refused("results", 404, "notFound", "Not found: Job my-project:EU.sluice_1")
    ),
    .init("a look takes too long") { bench in
      let error: JSONValue = ["reason": "timeout", "message": "Job timed out after 30 sec."]
      try await bench.fixture.behave(["jobErrors": [error]])
      return try await bench.told(of: .externalID("u1"))
    },
    .init("a reason that nobody knows", refused("tables.get", 400, "unheard", "What now?")),
  ]

  private static let results: [Provocation] = [
    .init("fewer rows than announced") { bench in
      try await bench.fixture.behave(["extraRows": 1])
      return try await bench.told()
    },
    .init("a timestamp as a floating-point number") { bench in
      try await bench.fixture.behave(["floats": true])
      return try await bench.told()
    },
  ]
}

extension BigQueryBench {
  /// As `failure`, with calls that are made twice at most; of a user's rows where one is named.
  fileprivate func told(
    _ selection: RowSelection? = nil,
    _ changes: [String: String] = [:],
    data: DataType = .attributes,
    credentials: WarehouseCredentials? = nil,
    of user: SourceUser? = nil
  ) async throws -> Failure? {
    let driver = BigQueryWarehouse(
      .tests,
      policy: FetchRetryPolicy(maximumAttempts: 2, firstDelay: .milliseconds(1))
    )
    do {
      let connection = try await driver.connect(
        settings: fixture.settings.merging(changes) { $1 },
        credentials: credentials ?? fixture.credentials,
        tag: QueryTag()
      )
      do {
        if let user {
          _ = try await connection.rows(of: user, in: selection ?? users, data: data, limit: 1)
        } else {
          _ = try await connection.rows(selection ?? users, data)
        }
        await connection.close()
      } catch {
        await connection.close()
        throw error
      }
      return nil
    } catch let failure as Failure {
      return failure
    }
  }
}
