import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Redshift: what `sluice setup` prints")
struct RedshiftSetupTests {
  let fixture: RedshiftFixture

  init() async throws { fixture = try await RedshiftFixture() }

  func steps(_ settings: [String: String] = [:], _ subject: SetupSubject) throws -> [SetupStep] {
    try WarehouseRegistry.all.driver("redshift").setup(
      settings: fixture.settings.merging(settings) { $1 },
      subject: subject
    )
  }

  @Test("the statements, pasted as they are, make a table that the user can read")
  func pasted() async throws {
    let user = "Setup_\(fixture.schema)"
    let table = "\(RedshiftEmulator.database).\(fixture.schema).\"My Table\""
    let steps = try steps(
      ["case_sensitive": "no"],
      SetupSubject(username: user, table: table, addresses: ["192.0.2.7"])
    )
    #expect(steps.map(\.title).contains("User and its grants"))
    let text = steps.map(\.statements).joined().replacing("{password}", with: "Password1")
    #expect(text.contains("TCP port \(fixture.emulator.said.port), from 192.0.2.7"))
    // PostgreSQL has CREATE ROLE's rights in one place: the role is made as its administrator does.
    let statements = text.split(separator: "\n").filter { !$0.contains("CREATE USER") }
    try fixture.emulator.cluster.sql("CREATE ROLE \(user) LOGIN")
    try fixture.sql(statements.joined(separator: "\n"))
    try fixture.emulator.steer(
      "/tenants/\(RedshiftEmulator.database)/users",
      "{\"\(user.lowercased())\": {\"password\": \"Password1\"}}"
    )
    let connection = try await fixture.connect(
      ["case_sensitive": "no"],
      RedshiftFixture.credentials(user.lowercased(), password: "Password1")
    )
    let found = try await connection.inspect(.table(table), data: .attributes, previewLimit: 1)
    #expect(found.problem == nil && found.columns.count == 8)
    await connection.close()
  }

  @Test("a tunnel's steps: the line of authorized_keys, and how the host key is compared")
  func tunnel() throws {
    let tunnel = [
      "tunnel_host": "bastion.example.com", "tunnel_port": "2222", "tunnel_user": "tunnel",
      "tunnel_credential": "bastion",
    ]
    let steps = try steps(tunnel, SetupSubject(username: "braze_user", data: .deletes))
    let text = steps.map(\.statements).joined()
    #expect(!text.contains("payload"))
    #expect(text.contains("ingestion.users_deletes_sync"))
    #expect(text.contains("permitopen=\"localhost:\(fixture.emulator.said.port)\""))
    #expect(text.contains("~tunnel/.ssh/authorized_keys"))
    #expect(text.contains("ssh-keyscan -p 2222 bastion.example.com | ssh-keygen -lf -"))
    #expect(text.contains("sluice credential show bastion"))
    // Nothing breaks out of a comment or a name.
    let subject = SetupSubject(username: "a\"b;c", table: "x.\"y;--\"\"z\"")
    let nasty = try self.steps(["case_sensitive": "no"], subject)
    #expect(nasty.map(\.statements).joined().contains("x.\"y;--\"\"z\""))
    #expect(nasty.map(\.statements).joined().contains("TO \"a\"\"b;c\""))
  }
}
