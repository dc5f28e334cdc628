import Crypto
import Foundation
import Glibc
import Loopback
import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// Each message is provoked for real and compared, whole, with the page that people read.
@Suite("Redshift: the messages of docs/warehouses/redshift.md")
struct RedshiftMessageTests {
  let fixture: RedshiftFixture

  init() async throws { fixture = try await RedshiftFixture() }

  @Test("the page has a row for each situation, in the same order")
  func page() throws {
    let rows = try RedshiftMessages().rows
    #expect(rows.map(\.situation) == RedshiftSituation.allCases.map(\.rawValue))
  }

  @Test("is said in the page's words", arguments: RedshiftSituation.allCases)
  func message(_ situation: RedshiftSituation) async throws {
    let row = try #require(
      try RedshiftMessages().rows.first { $0.situation == situation.rawValue }
    )
    let scene = try RedshiftScene(fixture)
    let failure = try await scene.failure(situation)
    #expect(failure.code == row.code)
    #expect(scene.asOnThePage(failure.message) == row.sentence)
    #expect(!failure.message.contains(RedshiftEmulator.password))
  }
}

/// Makes a situation happen.
struct RedshiftScene {
  let fixture: RedshiftFixture
  private var schema: String { fixture.schema }
  /// What this machine has in place of the page's names, longest first.
  private let names: [(here: String, page: String)]
  private let pair: SSHKeyPair
  private let bastion: Bastion
  private let other: Bastion
  private let unusedPort: Int

  init(_ fixture: RedshiftFixture) throws {
    self.fixture = fixture
    pair = try SSHKeyPair.generate(.ed25519, bits: 0)
    bastion = try Bastion(pair)
    other = try Bastion(pair, settings: "PermitOpen 127.0.0.1:1")
    unusedPort = try PostgreSQLCluster.freePort()
    let key = pair.authorizedKey(comment: "").split(separator: " ").prefix(2).joined(separator: " ")
    names = [
      (key, "ssh-ed25519 AAAA…"),
      (try bastion.fingerprint, "SHA256:AbC…"), (try other.fingerprint, "SHA256:XyZ…"),
      ("\"\(bastion.user)\" in", "\"tunnel\" in"), ("~\(bastion.user)/", "~tunnel/"),
      ("as \"\(bastion.user)\"", "as \"tunnel\""),
      (fixture.emulator.said.caFile, "/etc/sluice/ca.crt"),
      (fixture.emulator.said.wrongCaFile, "/etc/sluice/ca.crt"),
      ("localhost:\(fixture.emulator.said.port)", "cluster.example:5439"),
      ("127.0.0.1:\(fixture.emulator.said.port)", "cluster.example:5439"),
      ("localhost:\(fixture.emulator.said.plainPort)", "cluster.example:5439"),
      ("localhost:\(unusedPort)", "cluster.example:5439"),
      ("127.0.0.1:\(bastion.port)", "bastion.example:22"),
      ("127.0.0.1:\(other.port)", "bastion.example:22"),
      ("127.0.0.1:\(unusedPort)", "bastion.example:22"),
      ("127.0.0.1 port \(unusedPort)", "bastion.example port 22"),
      ("no-such-host.invalid:\(bastion.port)", "bastion.example:22"),
      ("no-such-host.invalid", "cluster.example"),
      (fixture.schema, "ingestion"),
      ("host name \"127.0.0.1\"", "host name \"cluster.example\""),
    ]
  }

  func asOnThePage(_ message: String) -> String {
    names.reduce(message) { $0.replacingOccurrences(of: $1.here, with: $1.page) }
  }

  func failure(_ situation: RedshiftSituation) async throws -> Failure {
    switch situation {
    case .passwordFormat: try await login(user: "sha_user")
    case .wrongPassword: try await login(password: "canary-wrong")
    case .database: try await login(["database": "nowhere"])
    case .untrusted: try await login(["caFile": fixture.emulator.said.wrongCaFile])
    case .name: try await login(["host": "127.0.0.1"])
    case .plain: try await login(["port": "\(fixture.emulator.said.plainPort)"])
    case .host: try await login(["host": "no-such-host.invalid"])
    case .refused: try await login(["port": "\(unusedPort)"])
    case .silent: try await silent(through: nil)
    case .noCredential: try await connecting([:], WarehouseCredentials())
    case .invalidHost: try await login(["host": "a,b"])
    case .authorities: try await login(["caFile": "/none"])
    case .table, .bareTable, .schema, .denied, .deniedView, .orphan, .changedView, .updatedAt,
      .columnType, .identifier, .alias, .payload, .payloadInDeletes, .ambiguous:
      try await problem(situation)
    case .timeout, .queue, .cancelled, .conflict, .lost: try await running(situation)
    case .tunnelSilent: try await silent(through: bastion)
    case .tunnelLost: try await tunnelLost()
    default: try await tunnel(situation)
    }
  }

  // MARK: Logging in

  private func connecting(_ settings: [String: String], _ credentials: WarehouseCredentials)
    async throws -> Failure
  {
    try await #require(throws: Failure.self) {
      try await fixture.connect(settings, credentials).close()
    }
  }

  private func login(
    _ settings: [String: String] = [:],
    user: String = "braze_user",
    password: String = RedshiftEmulator.password
  ) async throws -> Failure {
    try await connecting(settings, RedshiftFixture.credentials(user, password: password))
  }

  /// A listener that takes connections and says nothing.
  private func silent(through bastion: Bastion?) async throws -> Failure {
    guard let listener = LoopbackSocket() else { throw SystemError("bind") }
    #expect(Glibc.listen(listener.descriptor, 8) == 0)
    let port = ["port": "\(listener.port)"]
    var failure: Failure
    if let bastion {
      failure = try await connecting(try bastion.settings(port), tunnelled())
    } else {
      failure = try await login(port)
    }
    failure.message = failure.message.replacingOccurrences(
      of: "localhost:\(listener.port)",
      with: "cluster.example:5439"
    )
    return failure
  }

  // MARK: The table

  private func problem(_ situation: RedshiftSituation) async throws -> Failure {
    let table = try prepare(situation)
    let connection = try await fixture.connect()
    let inspection = try await connection.inspect(
      .table(table),
      data: situation == .payloadInDeletes ? .deletes : .attributes,
      previewLimit: 0
    )
    await connection.close()
    return try #require(inspection.problem)
  }

  private func prepare(_ situation: RedshiftSituation) throws -> String {
    let users = "\(schema).users"
    func table(_ columns: String) throws { try fixture.run("CREATE TABLE \(users) (\(columns))") }
    func late(_ definition: String) throws {
      try fixture.sql("CREATE VIEW \(users) AS \(definition) WITH NO SCHEMA BINDING")
    }
    switch situation {
    case .bareTable: return "no_such_table"
    case .schema: return "no_such_schema.users"
    case .denied:
      try fixture.emulator.cluster.sql(
        """
        CREATE SCHEMA \(schema)_secret;
        CREATE TABLE \(schema)_secret.users (updated_at timestamptz, email text, payload text)
        """,
        database: RedshiftEmulator.database
      )
      return "\(schema)_secret.users"
    case .deniedView:
      try fixture.emulator.cluster.sql(
        "CREATE TABLE \(schema).base (updated_at timestamptz, email text, payload text)",
        database: RedshiftEmulator.database
      )
      try late("SELECT * FROM \(schema).base")
    case .orphan: try late("SELECT * FROM \(schema).gone")
    case .changedView:
      try fixture.run("CREATE TABLE \(schema).base (updated_at timestamptz, email text)")
      try late("SELECT updated_at, email, payload FROM \(schema).base")
    case .updatedAt: try table("email varchar, payload varchar")
    case .columnType: try table("updated_at varchar(20), email varchar, payload varchar")
    case .identifier: try table("updated_at timestamptz, payload varchar")
    case .alias: try table("updated_at timestamptz, alias_name varchar, payload varchar")
    case .payload: try table("updated_at timestamptz, email varchar")
    case .payloadInDeletes: try table("updated_at timestamptz, email varchar, payload varchar")
    case .ambiguous:
      try table("updated_at timestamptz, email varchar, \"EMAIL\" varchar, payload varchar")
    default: break
    }
    return users
  }

  // MARK: The run

  private func running(_ situation: RedshiftSituation) async throws -> Failure {
    try fixture.create(.usual("users", [(newYear, "a", "{}"), (newYear + second, "b", "{}")]))
    let (action, times) =
      switch situation {
      case .queue: (#"{"queue": 20}"#, 1)
      case .cancelled:
        (#"{"error": "57014", "words": "Query (77) canceled on user's request"}"#, 1)
      case .conflict:
        (
          #"{"error": "40001", "words": "1023", "detail": "Serializable isolation violation on table"}"#,
          2
        )
      case .lost: (#"{"reset_after": 1}"#, 1)
      default: (#"{"delay": 0}"#, 1)
      }
    try fixture.emulator.fault("\(schema).*ORDER BY", action, times: times)
    let limit = situation == .timeout || situation == .queue ? "1" : "60"
    let connection = try await fixture.connect(["statement_timeout": limit])
    let slow = "SELECT *, pg_sleep(30)::varchar AS slow FROM \(fixture.from("users"))"
    let failure = try await #require(throws: Failure.self) {
      let selection = fixture.selection("users")
      _ = try await connection.rows(situation == .timeout ? .query(slow) : selection)
    }
    await connection.close()
    return failure
  }

  // MARK: The tunnel

  private func tunnelled(_ pair: SSHKeyPair? = nil) -> WarehouseCredentials {
    var credentials = fixture.credentials
    credentials.named["tunnel_credential"] = KeySigner(pair: pair ?? self.pair).credential(
      bastion.user
    )
    return credentials
  }

  private func tunnel(_ situation: RedshiftSituation) async throws -> Failure {
    var credentials = tunnelled()
    var changes: [String: String?] = [:]
    var through = bastion
    switch situation {
    case .tunnelCredential: credentials = fixture.credentials
    case .tunnelUser: changes["tunnel_user"] = "somebody"
    case .tunnelKey:
      // The bastion lets another key in.
      through = try Bastion(try SSHKeyPair.generate(.ed25519, bits: 0))
    case .hostKeyUnknown: changes["tunnel_host_key"] = .some(nil)
    case .hostKeyChanged: changes["tunnel_host_key"] = try other.fingerprint
    case .clusterUnreachable: changes["port"] = "\(unusedPort)"
    case .clusterForbidden: through = other
    case .bastionRefused:
      changes["tunnel_port"] = "\(unusedPort)"
      changes["tunnel_host_key"] = bastion.hostKey
    case .bastionUnknown:
      changes["tunnel_host"] = "no-such-host.invalid"
      changes["tunnel_host_key"] = bastion.hostKey
    default: break
    }
    var failure = try await connecting(try through.settings(changes), credentials)
    failure.message = failure.message.replacingOccurrences(
      of: "127.0.0.1:\(through.port)",
      with: "bastion.example:22"
    )
    return failure
  }

  private func tunnelLost() async throws -> Failure {
    try fixture.createLarge(rows: 60_000)
    let connection = try await fixture.connect(try bastion.settings(), tunnelled())
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    _ = try await reader.nextBatch()
    for pid in try bastion.children() { kill(pid, SIGKILL) }
    let failure = try await #require(throws: Failure.self) {
      while try await reader.nextBatch() != nil {}
    }
    await connection.close()
    return failure
  }
}
