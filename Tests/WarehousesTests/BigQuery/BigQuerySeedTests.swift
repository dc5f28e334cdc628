import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

@Suite("BigQuery: the seed's table of types and modes, and what users are told")
struct BigQuerySeedTests {
  /// The seed's statement as it stands, with other names.
  private static let seed = """
    CREATE TABLE `{p}.ingestion.users`
    (
      updated_at TIMESTAMP DEFAULT current_timestamp,
      --At least one of external_id, alias_name and alias_label, or braze_id is required
      external_id STRING,
      --If using user alias, both alias_name and alias_label are required
      alias_name STRING,
      alias_label STRING,
      --braze_id can only be used to update existing users created through the Braze SDK
      braze_id STRING,
      --If you include both email and phone, we will use the email as the primary identifier
      email STRING,
      phone STRING,
      payload JSON
    )
    """

  @Test("the seed's own table is read; its two columns that should be REQUIRED are named")
  func seedTable() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.run(
      Self.seed,
      """
      INSERT INTO `{p}.ingestion.users` (external_id, payload) VALUES ('a', JSON '{"x":1}')
      """
    )
    let inspection = try await bench.inspection()
    #expect(inspection.problem == nil)
    #expect(
      inspection.columns.map(\.type) == ["TIMESTAMP"] + Array(repeating: "STRING", count: 6)
        + ["JSON"]
    )
    #expect(
      inspection.warnings.filter { $0.contains("NULLABLE and should be REQUIRED") }.count == 2
    )
    #expect(try await bench.ids() == ["a"])
  }

  @Test("a table with the seed's modes has no remark; an identifier that is REQUIRED has one")
  func modes() async throws {
    let bench = try await BigQueryBench(rows: 1)
    let good = try await bench.inspection()
    #expect(good.columns.map(\.type) == ["TIMESTAMP REQUIRED", "STRING", "STRING REQUIRED"])
    #expect(!good.warnings.contains { $0.contains("should be") })
    try await bench.fixture.run(
      """
      CREATE TABLE `{p}.ingestion.strict` (updated_at TIMESTAMP NOT NULL, external_id STRING NOT NULL,
        payload JSON NOT NULL)
      """
    )
    let strict = try await bench.inspection(bench.fixture.selection("strict"))
    #expect(strict.problem == nil)
    #expect(
      strict.warnings.contains { $0.contains("\"external_id\" is REQUIRED and should be NULLABLE") }
    )
  }

  @Test("columns of wrong types are named together")
  func types() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.run(
      """
      CREATE TABLE `{p}.ingestion.users` (updated_at DATE, external_id BYTES, email ARRAY<STRING>,
        phone FLOAT64, payload INT64)
      """
    )
    let failure = try await bench.failure()
    #expect(failure?.code == "column_type")
    let message = failure?.message ?? ""
    for part in [
      "\"updated_at\" is DATE and must be TIMESTAMP", "\"external_id\" is BYTES and must be STRING",
      "\"email\" is REPEATED", "\"phone\" is FLOAT and must be STRING",
      "\"payload\" is INTEGER and must be JSON, STRING or a STRUCT",
    ] {
      #expect(message.contains(part), "\(part) in \(message)")
    }
    #expect(try await bench.inspection().problem == failure)
  }

  @Test("DATETIME is read as UTC, with a remark; NUMERIC identifiers by their digits")
  func naive() async throws {
    let bench = try await BigQueryBench()
    try await bench.fixture.run(
      """
      CREATE TABLE `{p}.ingestion.users` (updated_at DATETIME, external_id INT64, payload STRING)
      """,
      """
      INSERT INTO `{p}.ingestion.users` (updated_at, external_id, payload)
      VALUES (DATETIME '2024-01-01 00:00:00.000001', 42, '{}')
      """
    )
    let rows = try await bench.rows(from: Timestamp(nanoseconds: newYear))
    #expect(rows.map(\.updatedAt) == [newYear + 1000])
    #expect(rows.map(\.externalID) == ["42"])
    #expect(try await bench.inspection().warnings.contains { $0.contains("taken as UTC") })
  }

  @Test(
    "the printed set-up makes a table that is read without a remark, and destroys nothing if run twice"
  )
  func setup() async throws {
    let bench = try await BigQueryBench()
    let driver = try WarehouseRegistry.all.driver("bigquery")
    let subject = SetupSubject(username: BigQueryFixture.account, table: "made.users")
    let steps = try driver.setup(
      settings: bench.fixture.settings.merging(["location": "EU"]) { $1 },
      subject: subject
    )
    let statements = try #require(steps.first).statements.split(separator: ";\n").map(String.init)
    #expect(statements.count == 2)
    for _ in 0..<2 { for statement in statements { try await bench.fixture.run(statement) } }
    let inspection = try await bench.inspection(.table("made.users"))
    #expect(inspection.problem == nil)
    #expect(inspection.warnings.allSatisfy { $0.contains("a first run reads all") })
    let commands = steps.dropFirst().map(\.statements).joined()
    for text in [
      "roles/bigquery.jobUser", "roles/bigquery.user", "roles/bigquery.connectionUser",
      "roles/bigquery.dataViewer", BigQueryFixture.account, "keys create",
      "--type service_account",
    ] {
      #expect(commands.contains(text), "\(text)")
    }
    var deletes = subject
    deletes.data = .deletes
    let other = try driver.setup(settings: bench.fixture.settings, subject: deletes)
    #expect(other.first?.statements.contains("payload") == false)
    // Nothing of a name becomes a command of its own.
    deletes.username = "a@b; rm -rf /"
    #expect(throws: Failure.self) {
      _ = try driver.setup(settings: bench.fixture.settings, subject: deletes)
    }
  }

  struct Told: Sendable, CustomTestStringConvertible {
    var status: Int
    var reason: String
    var message: String
    var code: String
    var recovery: Recovery
    var advice: String
    var testDescription: String { "\(reason): \(message)" }
  }

  /// Each row of C.5's table, with the service's own words and what a user reads.
  static let sentences: [Told] = [
    .init(
      status: 404,
      reason: "notFound",
      message: "Not found: Table p:d.t",
      code: "table_not_found",
      recovery: .needsOperator,
      advice: "there is no table or view of that name"
    ),
    .init(
      status: 404,
      reason: "notFound",
      message: "Not found: Dataset p:d was not found in location US",
      code: "schema_not_found",
      recovery: .needsOperator,
      advice: "the setting \"location\""
    ),
    .init(
      status: 404,
      reason: "notFound",
      message: "Not found: Project p",
      code: "project_not_found",
      recovery: .needsOperator,
      advice: "check the project's id"
    ),
    .init(
      status: 404,
      reason: "notFound",
      message: "Not found: Job p:EU.j",
      code: "job_not_found",
      recovery: .failRun,
      advice: "lost the job"
    ),
    .init(
      status: 403,
      reason: "accessDenied",
      message: "Access Denied: Project p: User does not have bigquery.jobs.create permission",
      code: "permission_denied",
      recovery: .needsOperator,
      advice: "BigQuery Job User"
    ),
    .init(
      status: 403,
      reason: "accessDenied",
      message: "Access Denied: Table p:d.t: User does not have permission to query table p:d.t",
      code: "permission_denied",
      recovery: .needsOperator,
      advice: "BigQuery Data Viewer"
    ),
    .init(
      status: 403,
      reason: "accessDenied",
      message: "Access Denied: BigQuery API has not been used in project 1 before",
      code: "api_disabled",
      recovery: .needsOperator,
      advice: "enable the BigQuery API"
    ),
    .init(
      status: 403,
      reason: "rateLimitExceeded",
      message: "Exceeded rate limits",
      code: "rate_limited",
      recovery: .retry,
      advice: "for the moment"
    ),
    .init(
      status: 403,
      reason: "quotaExceeded",
      message: "Quota exceeded: Your project exceeded",
      code: "quota_exceeded",
      recovery: .failRun,
      advice: "the next one tries again"
    ),
    .init(
      status: 400,
      reason: "bytesBilledLimitExceeded",
      message: "Query exceeded limit: 1",
      code: "bytes_limit_exceeded",
      recovery: .needsOperator,
      advice: "maximumBytesBilled"
    ),
    .init(
      status: 400,
      reason: "invalidQuery",
      message: "Unrecognized name: x at [1:8]",
      code: "query_failed",
      recovery: .needsOperator,
      advice: "cannot be read"
    ),
    .init(
      status: 400,
      reason: "invalidQuery",
      message:
        "Cannot query over table 't' without a filter that can be used for partition elimination",
      code: "partition_filter_required",
      recovery: .needsOperator,
      advice: "partition it by UPDATED_AT"
    ),
    .init(
      status: 400,
      reason: "resourcesExceeded",
      message: "Resources exceeded",
      code: "resources_exceeded",
      recovery: .failRun,
      advice: "not enough memory"
    ),
    .init(
      status: 403,
      reason: "responseTooLarge",
      message: "Response too large to return",
      code: "response_too_large",
      recovery: .needsOperator,
      advice: "larger than"
    ),
    .init(
      status: 503,
      reason: "backendError",
      message: "Visibility check was unavailable",
      code: "warehouse_unavailable",
      recovery: .retry,
      advice: "at the moment"
    ),
    .init(
      status: 500,
      reason: "internalError",
      message: "An internal error occurred",
      code: "warehouse_unavailable",
      recovery: .retry,
      advice: "at the moment"
    ),
    .init(
      status: 400,
      reason: "jobBackendError",
      message: "Error encountered during execution",
      code: "warehouse_unavailable",
      recovery: .retry,
      advice: "failed twice"
    ),
    .init(
      status: 200,
      reason: "stopped",
      message: "Job execution was cancelled",
      code: "query_cancelled",
      recovery: .failRun,
      advice: "was cancelled"
    ),
    .init(
      status: 403,
      reason: "billingNotEnabled",
      message: "Billing has not been enabled",
      code: "billing_not_enabled",
      recovery: .needsOperator,
      advice: "no billing account"
    ),
    .init(
      status: 401,
      reason: "authError",
      message: "Request had invalid authentication credentials",
      code: "login_refused",
      recovery: .needsOperator,
      advice: "a fresh access token"
    ),
    .init(
      status: 502,
      reason: "",
      message: "HTTP status 502 without a message",
      code: "warehouse_unavailable",
      recovery: .retry,
      advice: "status 502"
    ),
  ]

  @Test("C.5 each reason has its sentence, its code and its recovery", arguments: sentences)
  func told(case told: Told) {
    let error = BigQueryError(status: told.status, reason: told.reason, message: told.message)
    let failure = error.failure(source: "table \"p\".\"d\".\"t\"", project: "p")
    #expect(failure.code == told.code)
    #expect(failure.recovery == told.recovery)
    #expect(failure.message.contains(told.message))
    #expect(failure.message.contains(told.advice))
  }

  @Test("a body that is no JSON, as of a gateway, is an error with its status")
  func gateway() {
    let error = BigQueryError(status: 503, body: Array("<html>".utf8))
    #expect(error.reason.isEmpty)
    #expect(error.remedy == .callAgain)
    #expect(BigQueryError(status: 400, body: []).remedy == .none)
  }
}
