import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// What a test of a source finds, all of it at once: types and modes of the seed's table, grants, and the
/// statements that mend.
@Suite("BigQuery: what is missing, and what mends it")
struct BigQueryCheckTests {
  private static let names = [
    "updated_at", "external_id", "alias_name", "alias_label", "braze_id", "email", "phone",
    "payload",
  ]

  private static let advice =
    "; cast them in a view or a query, or make the table anew with the statement of sluice setup bigquery"

  private func make(
    _ bench: BigQueryBench,
    _ fields: [(name: String, type: String, mode: String)]
  ) async throws {
    let fields = fields.map { field in
      var members: [(key: String, value: JSONValue)] = [
        ("name", .string(field.name)), ("type", .string(field.type)), ("mode", .string(field.mode)),
      ]
      if field.type == "RECORD" {
        members.append(("fields", [["name": "tier", "type": "STRING"]]))
      }
      return JSONValue.object(members)
    }
    try await bench.fixture.steer(
      "table",
      ["path": bench.fixture.path("users"), "fields": .array(fields)]
    )
  }

  /// The seed's table of types, and what else the page says is read.
  @Test(
    "each column of a type that it must not have is named, with the type it must have",
    arguments: [
      "STRING", "INTEGER", "FLOAT", "BOOLEAN", "TIMESTAMP", "DATETIME", "DATE", "TIME", "BYTES",
      "NUMERIC", "BIGNUMERIC", "JSON", "RECORD",
    ]
  )
  func types(type: String) async throws {
    let bench = try await BigQueryBench()
    try await make(bench, Self.names.map { ($0, type, "NULLABLE") })
    let wrong = Self.names.filter { name in
      switch name {
      case "updated_at": !["TIMESTAMP", "DATETIME"].contains(type)
      case "payload": !["JSON", "STRING", "RECORD"].contains(type)
      default: !["STRING", "INTEGER", "NUMERIC"].contains(type)
      }
    }
    .map { name in
      let wanted =
        switch name {
        case "updated_at": "TIMESTAMP, of microseconds"
        case "payload": "JSON, STRING or a STRUCT"
        default: "STRING"
        }
      return "column \"\(name)\" is \(type) and must be \(wanted)"
    }
    let problem = try await bench.inspection().problem
    // No type is right for every column.
    #expect(problem?.code == "column_type")
    #expect(
      problem?.message
        == "table \"\(bench.fixture.project)\".\"ingestion\".\"users\": "
        + wrong.joined(separator: "; ") + Self.advice
    )
  }

  private static let seed = names.map { name in
    (name: name, type: name == "updated_at" ? "TIMESTAMP" : name == "payload" ? "JSON" : "STRING")
  }

  @Test("each column of a mode that it should not have is named")
  func modes() async throws {
    let required = try await BigQueryBench()
    try await make(required, Self.seed.map { ($0.name, $0.type, "REQUIRED") })
    let strict = try await required.inspection()
    #expect(strict.problem == nil)
    #expect(strict.columns.map(\.type) == Self.seed.map { "\($0.type) REQUIRED" })
    let path = "`\(required.fixture.project).ingestion.users`"
    #expect(
      strict.warnings.filter { $0.contains("should be") }
        == Self.names.dropFirst().dropLast().map {
          "column \"\($0)\" is REQUIRED and should be NULLABLE: a row has one identifier, the others "
            + "are NULL: ALTER TABLE \(path) ALTER COLUMN `\($0)` DROP NOT NULL"
        }
    )
    // What is said mends it.
    for warning in strict.warnings {
      guard let start = warning.firstRange(of: "ALTER TABLE") else { continue }
      try await required.fixture.run(String(warning[start.lowerBound...]))
    }
    #expect(try await !required.inspection().warnings.contains { $0.contains("should be") })

    let nullable = try await BigQueryBench()
    try await make(nullable, Self.seed.map { ($0.name, $0.type, "NULLABLE") })
    #expect(
      try await nullable.inspection().warnings.filter { $0.contains("should be") } == [
        "column \"updated_at\" is NULLABLE and should be REQUIRED: a row without it is never read",
        "column \"payload\" is NULLABLE and should be REQUIRED: a row without it is rejected",
      ]
    )

    let repeated = try await BigQueryBench()
    try await make(repeated, Self.seed.map { ($0.name, $0.type, "REPEATED") })
    #expect(
      try await repeated.inspection().problem?.message
        == "table \"\(repeated.fixture.project)\".\"ingestion\".\"users\": "
        + Self.names.map { "column \"\($0)\" is REPEATED and must be one value a row" }
        .joined(separator: "; ") + Self.advice
    )
  }

  @Test("all that is missing is said at once, and the statements that are said mend it")
  func everything() async throws {
    let bench = try await BigQueryBench()
    let fixture = bench.fixture
    try await fixture.run(
      """
      CREATE TABLE `{p}.ingestion.users` (alias_name STRING, email INT64, day DATE)
      PARTITION BY day OPTIONS (require_partition_filter = TRUE)
      """
    )
    try await fixture.refuse("bigquery.jobs.create", fixture.project)
    try await fixture.refuse("bigquery.tables.getData", "\(fixture.project).ingestion.users")
    let found = try await bench.inspection()
    let problem = try #require(found.problem)
    #expect(problem.code == "column_missing")
    let also = found.warnings.filter { $0.hasPrefix("also: ") }
    #expect(also.count == 5)
    let all = [problem.message] + also
    let path = "`\(fixture.project).ingestion.users`"
    let statements = [
      "ALTER TABLE \(path) ADD COLUMN updated_at TIMESTAMP",
      "ALTER TABLE \(path) ADD COLUMN alias_label STRING",
      "ALTER TABLE \(path) ADD COLUMN payload JSON",
      "ALTER TABLE \(path) SET OPTIONS (require_partition_filter = FALSE)",
      "GRANT `roles/bigquery.dataViewer` ON SCHEMA `\(fixture.project).ingestion` "
        + "TO \"serviceAccount:\(BigQueryFixture.account)\"",
    ]
    for statement in statements {
      #expect(all.contains { $0.hasSuffix(statement) }, "\(statement) in \(all)")
      try await fixture.run(statement)
    }
    #expect(
      all.contains {
        $0.hasSuffix(
          "gcloud projects add-iam-policy-binding \(fixture.project) "
            + "--role=roles/bigquery.jobUser --member=serviceAccount:\(BigQueryFixture.account)"
        )
      }
    )
    try await fixture.steer(
      "allow",
      [
        "email": .string(BigQueryFixture.account), "permission": "bigquery.jobs.create",
        "resource": .string(fixture.project),
      ]
    )
    let mended = try await bench.inspection()
    #expect(mended.problem == nil)
    #expect(!mended.warnings.contains { $0.hasPrefix("also: ") })
  }

  @Test("a table that may not be looked at does not hide that queries may not run")
  func grants() async throws {
    let bench = try await BigQueryBench(rows: 1)
    try await bench.fixture.refuse("bigquery.tables.get", bench.fixture.project)
    try await bench.fixture.refuse("bigquery.jobs.create", bench.fixture.project)
    let found = try await bench.inspection()
    #expect(found.problem?.message.contains("bigquery.tables.get ") == true)
    #expect(found.warnings.count == 1)
    #expect(found.warnings.first?.contains("roles/bigquery.jobUser") == true)
    // Of deletes, the column that must go.
    let other = try await BigQueryBench(rows: 1)
    let deletes = try await other.inspection(data: .deletes)
    #expect(deletes.problem?.code == "payload_in_deletes")
    let statement = try #require(
      deletes.problem?.message.split(separator: "type: ").last.map(String.init)
    )
    try await other.fixture.run(statement)
    #expect(try await other.inspection(data: .deletes).problem == nil)
  }
}
