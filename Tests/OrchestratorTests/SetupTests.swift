import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing
import VaultAPI
import Warehouse

@testable import Orchestrator

@Suite("How a source's warehouse is set up")
struct SetupTests {
  @Test("a source's own settings and its credential's name reach the driver, and no secret does")
  func stored() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      let setup = try await house.client.describeSetup(
        DescribeSetupRequest(name: "shop", table: "a.b", data: .deletes, addresses: ["192.0.2.7"])
      )
      #expect(setup.type == "scripted")
      #expect(setup.steps.map(\.title) == ["All"])
      let text = setup.steps.first?.statements ?? ""
      let subject = SetupSubject(
        username: "sluice",
        table: "a.b",
        data: .deletes,
        addresses: ["192.0.2.7"]
      )
      #expect(text.contains("\(subject)"))
      #expect(text.contains("db.example"))
      #expect(!text.contains(House.password))
      #expect(house.vault.releases.isEmpty && house.warehouse.log.connects.isEmpty)
    }
  }

  @Test("a source that is not made yet is described by its type and settings; nothing is kept")
  func proposed() async throws {
    try await House.with { house in
      let setup = try await house.client.describeSetup(
        DescribeSetupRequest(type: "scripted", settings: ["host": "h"], credential: "shop-db")
      )
      let text = setup.steps.first?.statements ?? ""
      #expect(text.contains("\(SetupSubject(username: "sluice"))"))
      let missing = await refusal {
        try await house.client.getSource(GetSourceRequest(name: "setup"))
      }
      #expect(missing?.code == .notFound)
    }
  }

  @Test("a key pair's public half, and the place that its newest key has at the warehouse")
  func keyPair() async throws {
    try await House.with(
      warehouse: ScriptedWarehouse(credentialTypes: [.password, .keyPair])
    ) { house in
      _ = try await house.vault.putCredential(
        .init(workspace: "default", name: "pair", type: .keyPair, username: "loader"),
        context: ServerContext(path: "/test")
      )
      let setup = try await house.client.describeSetup(
        DescribeSetupRequest(type: "scripted", settings: ["host": "h"], credential: "pair")
      )
      let text = setup.steps.first?.statements ?? ""
      #expect(text.contains("public key of pair, version 1"))
      #expect(text.contains("loader"))
    }
  }

  @Test("what cannot be described is refused: by name, type, settings, or by the driver")
  func refused() async throws {
    try await House.with { house in
      func reason(_ request: DescribeSetupRequest) async -> String? {
        await refusal { try await house.client.describeSetup(request) }?.reason
      }
      #expect(await reason(DescribeSetupRequest(name: "nobody")) == "source_not_found")
      #expect(await reason(DescribeSetupRequest(type: "oracle")) == "unknown_source_type")
      var request = DescribeSetupRequest(type: "scripted", credential: "shop-db")
      #expect(await reason(request) == "invalid_settings")
      request.settings = ["host": "h"]
      request.table = "bad"
      #expect(await reason(request) == "invalid_table_name")
      request.table = ""
      request.credential = "nobody"
      #expect(await reason(request) == "credential_not_found")
    }
  }
}
