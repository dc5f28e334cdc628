import Crypto
import HTTPFetch
import SyncModel
import Synchronization
import TestSupport
import Warehouse

@testable import Warehouses

/// A project of its own in the tests' emulator of BigQuery, with a dataset and a service account.
struct BigQueryFixture: WarehouseFixture {
  let emulator: Emulator
  let project: String
  let signer: KeyFileSigner
  static let account = "sluice@example.iam.gserviceaccount.com"
  private static let counter = Atomic(0)

  init() async throws { try await self.init(location: "EU") }

  /// - Parameter projects: others of the same tenant, where tables may be too.
  init(location: String, projects: [String] = []) async throws {
    emulator = try Emulator.bigquery.get()
    project = "shop-\(Self.counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    try await emulator.admin(
      "/tenants",
      [
        "name": .string(project), "location": .string(location),
        "projects": JSONValue.array(projects.map(JSONValue.string)),
      ]
    )
    let file = try await emulator.admin(
      "/tenants/\(project)/account",
      [
        "email": .string(Self.account),
        "tokenUri": .string("https://localhost:\(emulator.facts.port)/\(project)/token"),
      ]
    )
    signer = try KeyFileSigner(file)
    for name in [project] + projects {
      try await steer("dataset", ["project": .string(name), "name": "ingestion"])
    }
  }

  var settings: [String: String] {
    [
      "project": project, "endpoint": "https://localhost:\(emulator.facts.port)",
      "caFile": emulator.facts.caFile,
    ]
  }

  var credentials: WarehouseCredentials { credentials(signer) }

  func credentials(_ signer: any WarehouseSigner) -> WarehouseCredentials {
    WarehouseCredentials(
      WarehouseCredential(type: .serviceAccount, username: Self.account, signer: signer)
    )
  }

  // What a test does to the project.

  @discardableResult
  func steer(_ verb: String, _ arguments: JSONValue) async throws -> JSONValue {
    try await emulator.admin("/tenants/\(project)/\(verb)", arguments)
  }

  /// An owner's statements; `{p}` is the project.
  func run(_ statements: String...) async throws {
    let texts = statements.map { statement in
      JSONValue.string(
        statement.split(separator: "{p}", omittingEmptySubsequences: false)
          .joined(separator: project)
      )
    }
    try await steer("sql", ["statements": JSONValue.array(texts)])
  }

  func behave(_ change: JSONValue) async throws { try await steer("behave", change) }

  func fault(
    _ point: String,
    _ action: JSONValue,
    where place: JSONValue = [:],
    skip: Int = 0,
    times: Int = 1
  ) async throws {
    try await steer(
      "faults",
      [
        "point": .string(point), "action": action, "where": place, "skip": .whole(skip),
        "times": .whole(times),
      ]
    )
  }

  func refuse(_ permission: String, _ resource: String) async throws {
    try await steer(
      "refuse",
      [
        "email": .string(Self.account), "permission": .string(permission),
        "resource": .string(resource),
      ]
    )
  }

  /// The requests at a point, or all, in order.
  func requests(_ point: String? = nil) async throws -> [JSONValue] {
    try await journal()["requests"]?.elements.filter {
      point == nil || $0["point"]?.string == point
    } ?? []
  }

  /// Jobs that were inserted and not only checked.
  func jobs() async throws -> [JSONValue] {
    try await requests("jobs.insert").filter { $0["facts"]?["dry"]?.bool == false }
  }

  func count(_ name: String) async throws -> Int64 {
    try await journal()["counters"]?[name]?.integer ?? 0
  }

  private func journal() async throws -> JSONValue {
    try await emulator.admin("/tenants/\(project)/journal", method: .get)
  }

  func path(_ table: String, project: String? = nil) -> JSONValue {
    [.string(project ?? self.project), "ingestion", .string(table)]
  }

  /// A table of the seed's types and modes, rows a second apart from `newYear` on.
  func makeUsers(_ name: String = "users", rows: Int, payloadType: String = "STRING") async throws {
    let values = (0..<rows).map { index in
      JSONValue.array([
        .number("\(newYear / 1000 + Int64(index) * 1_000_000)"), .string("u\(index)"),
        .string(#"{"n":\#(index)}"#),
      ])
    }
    try await steer(
      "table",
      [
        "path": path(name),
        "fields": [
          ["name": "updated_at", "type": "TIMESTAMP", "mode": "REQUIRED"],
          ["name": "external_id", "type": "STRING"],
          ["name": "payload", "type": .string(payloadType), "mode": "REQUIRED"],
        ],
        "rows": .array(values),
      ]
    )
  }

  // The contract suite's side.

  func create(_ table: FixtureTable) async throws {
    let fields = table.columns.map { column in
      let type =
        switch column.kind {
        case .instant: "TIMESTAMP"
        case .text: "STRING"
        case .integer: "INT64"
        }
      return JSONValue.object([("name", .string(column.name)), ("type", .string(type))])
    }
    let rows = table.rows.map { JSONValue.array($0.map(Self.value)) }
    try await steer(
      "table",
      [
        "path": path(table.name), "fields": JSONValue.array(fields),
        "rows": JSONValue.array(rows),
      ]
    )
  }

  func createView(_ name: String, as select: String) async throws {
    try await steer("view", ["path": path(name), "query": .string(select)])
  }

  func createLarge(rows: Int) async throws {
    try await create(
      FixtureTable(
        "large",
        [("updated_at", .instant), ("external_id", .text), ("payload", .text)]
      )
    )
    try await steer("fill", ["path": path("large"), "rows": .whole(rows)])
  }

  func selection(_ table: String) -> RowSelection {
    .table("\(project).ingestion.\(FixtureTable.quoted(table))")
  }

  func from(_ table: String) -> String { BigQuerySQL.quoted("\(project).ingestion.\(table)") }

  /// "Table naming": no other punctuation.
  func permits(tableName name: String) -> Bool {
    !name.contains { "\".'$;[]\\".contains($0) }
  }

  private static func value(_ value: FixtureTable.Value) -> JSONValue {
    switch value {
    case .null: .null
    case .text(let text): .string(text)
    case .integer(let number): .number("\(number)")
    case .instant(let nanoseconds): .number("\(nanoseconds / 1000)")
    case .long(let count): .object([("repeat", .string("x")), ("times", .number("\(count)"))])
    }
  }
}

/// Signs as the vault does, with the key of a file that the emulator gave out.
struct KeyFileSigner: WarehouseSigner {
  let publicKey = ""
  var email: String
  var keyID: String
  var tokenURI: String
  /// PEM.
  var key: String
  /// What the assertion says it is for.
  var audience = "https://oauth2.googleapis.com/token"

  init(_ file: JSONValue) throws {
    email = file["client_email"]?.string ?? ""
    keyID = file["private_key_id"]?.string ?? ""
    tokenURI = file["token_uri"]?.string ?? ""
    key = file["private_key"]?.string ?? ""
  }

  func googleAssertion(scope: String, audience: String) async throws -> SignedLogin {
    let now = World.system.now()
    let issued = now.nanoseconds / 1_000_000_000
    let header = JSONValue.object([
      ("alg", .string("RS256")), ("typ", .string("JWT")), ("kid", .string(keyID)),
    ])
    let claims = JSONValue.object([
      ("iss", .string(email)), ("scope", .string(scope)), ("aud", .string(self.audience)),
      ("iat", .number("\(issued)")), ("exp", .number("\(issued + 3600)")),
    ])
    let pair = try RSAKeyPair(importing: SecretBytes(Array(key.utf8)), passphrase: nil)
    let token = try JSONWebToken.sign(header: header.text, claims: claims.text, with: pair)
    return SignedLogin(
      token: Array(token.utf8),
      issuedAt: now,
      expiresAt: now.advanced(byNanoseconds: 3_600_000_000_000),
      tokenURI: tokenURI
    )
  }

  func snowflakeToken(account: String, version: UInt32) async throws -> SignedLogin {
    throw OtherUse()
  }
  func sshSignature(of data: [UInt8]) async throws -> [UInt8] { throw OtherUse() }
  func prove(version: UInt32) async throws { throw OtherUse() }

  struct OtherUse: Error {}
}
