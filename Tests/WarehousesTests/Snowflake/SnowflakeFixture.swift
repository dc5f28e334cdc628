import Crypto
import Foundation
import HTTPFetch
import SyncModel
import Synchronization
import TestSupport
import Warehouse
import Warehouses

/// An account of its own at the emulator, set up as the seed says, with small partitions.
struct SnowflakeFixture: WarehouseFixture {
  let emulator: Emulator
  let account: String
  let signer: TestSigner
  var settings: [String: String]
  private static let counter = Atomic(0)

  init() async throws {
    try await self.init(
      named: "ACCT-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    )
  }

  init(named account: String) async throws {
    emulator = try Emulator.snowflake.get()
    let keys = try TestKeys.shared.get()
    self.account = account
    signer = TestSigner(keys)
    settings = [
      "account": account, "database": "CDI", "schema": "INGESTION", "warehouse": "WH",
      "role": "LOADER", "host": "\(account.lowercased()).snowflakecomputing.localhost",
      "port": "\(emulator.facts.port)", "caFile": emulator.facts.caFile,
    ]
    try await emulator.admin(
      "/tenants",
      ["name": .string(account), "partition_bytes": 400_000]
    )
    try await sql(
      "CREATE DATABASE CDI", "CREATE SCHEMA CDI.INGESTION", "CREATE ROLE LOADER",
      "GRANT USAGE ON DATABASE CDI TO ROLE LOADER",
      "GRANT USAGE ON SCHEMA CDI.INGESTION TO ROLE LOADER",
      "CREATE WAREHOUSE WH", "GRANT USAGE ON WAREHOUSE WH TO ROLE LOADER",
      "CREATE USER SLUICE DEFAULT_ROLE = LOADER", "GRANT ROLE LOADER TO USER SLUICE",
      "ALTER USER SLUICE SET RSA_PUBLIC_KEY='\(Self.text(keys.first))'"
    )
  }

  var credentials: WarehouseCredentials {
    WarehouseCredentials(
      WarehouseCredential(type: .keyPair, username: "sluice", signer: signer)
    )
  }

  func remove() async throws { try await emulator.admin("/tenants/\(account)", method: .delete) }

  /// As RSA_PUBLIC_KEY takes it.
  static func text(_ key: RSAKeyPair) -> String {
    key.publicKeyPEM.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
  }

  // MARK: Steering

  @discardableResult
  func sql(_ statements: String...) async throws -> JSONValue {
    try await ask(
      "sql",
      [
        "database": "CDI", "schema": "INGESTION",
        "statements": .array(statements.map(JSONValue.string)),
      ]
    )
  }

  @discardableResult
  func ask(_ verb: String, _ body: JSONValue) async throws -> JSONValue {
    try await emulator.admin("/tenants/\(account)/\(verb)", body)
  }

  func fault(
    _ point: String,
    _ action: JSONValue,
    skip: Int = 0,
    times: Int = 1,
    where facts: JSONValue = [:]
  ) async throws {
    try await ask(
      "faults",
      [
        "point": .string(point), "action": action, "skip": .number("\(skip)"),
        "times": .number("\(times)"), "where": facts,
      ]
    )
  }

  /// The requests since the last call of `forget`, at a point or all.
  func requests(_ point: String? = nil) async throws -> [JSONValue] {
    let journal = try await emulator.admin("/tenants/\(account)/journal", method: .get)
    return (journal["requests"]?.elements ?? []).filter {
      point == nil || $0["point"]?.string == point
    }
  }

  func counter(_ name: String) async throws -> Int64 {
    let journal = try await emulator.admin("/tenants/\(account)/journal", method: .get)
    return journal["counters"]?[name]?.integer ?? 0
  }

  func forget() async throws {
    try await emulator.admin("/tenants/\(account)/journal", method: .delete)
  }

  func load(_ table: String, _ rows: [[JSONValue]]) async throws {
    try await ask(
      "load",
      ["table": ["CDI", "INGESTION", .string(table)], "rows": .array(rows.map(JSONValue.array))]
    )
  }

  // MARK: The contract suite's

  func create(_ table: FixtureTable) async throws {
    let columns = table.columns.map { column in
      let type =
        switch column.kind {
        case .instant: "TIMESTAMP_NTZ(9)"
        case .text: "VARCHAR"
        case .integer: "NUMBER(38,0)"
        }
      return "\(FixtureTable.quoted(column.name)) \(type)"
    }
    try await sql(
      "CREATE TABLE \(from(table.name)) (\(columns.joined(separator: ", ")))",
      "GRANT SELECT ON TABLE \(from(table.name)) TO ROLE LOADER"
    )
    try await load(table.name, table.rows.map { $0.map(Self.json) })
  }

  func createView(_ name: String, as select: String) async throws {
    try await sql(
      "CREATE VIEW \(from(name)) AS \(Self.quotingColumns(select))",
      "GRANT SELECT ON VIEW \(from(name)) TO ROLE LOADER"
    )
  }

  /// The contract suite writes columns as it made them, in small letters and without quotes, which
  /// Snowflake would fold to capitals.
  private static func quotingColumns(_ select: String) -> String {
    ["updated_at", "external_id", "payload"].reduce(select) { text, name in
      text.replacingOccurrences(of: name, with: "\"\(name)\"")
    }
  }

  func createLarge(rows: Int) async throws {
    try await sql(
      """
      CREATE TABLE \(from("large")) AS SELECT DATEADD(SECOND, SEQ4(), '2023-11-14'::TIMESTAMP_NTZ) \
      AS UPDATED_AT, 'user-' || SEQ4() AS EXTERNAL_ID, '{"n": ' || SEQ4() || ', "pad": "' || \
      REPEAT('x', 170) || '"}' AS PAYLOAD FROM TABLE(GENERATOR(ROWCOUNT => \(rows)))
      """,
      "GRANT SELECT ON TABLE \(from("large")) TO ROLE LOADER"
    )
  }

  func selection(_ table: String) -> RowSelection { .table(FixtureTable.quoted(table)) }

  func from(_ table: String) -> String { "CDI.INGESTION.\(FixtureTable.quoted(table))" }

  func query(_ text: String) -> String { Self.quotingColumns(text) }

  private static func json(_ value: FixtureTable.Value) -> JSONValue {
    switch value {
    case .null: .null
    case .text(let text): .string(text)
    case .integer(let number): .number("\(number)")
    case .instant(let nanoseconds): .number("\(nanoseconds)")
    case .long(let count): ["repeat": "x", "times": .number("\(count)")]
    }
  }
}
