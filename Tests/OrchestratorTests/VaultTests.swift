import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import VaultAPI
import Warehouse

@testable import Orchestrator

@Suite("The orchestrator and the vault")
struct VaultTests {
  private func holders(_ house: House) async throws -> [String] {
    try await house.vault.getCredential(
      GetCredentialRequest(workspace: "default", name: "shop-db"),
      context: ServerContext(path: "test")
    ).holders
  }

  @Test("R144: an active sync holds its credential, a paused one lets it go")
  func held() async throws {
    try await House.with { house in
      try await house.activeSync()
      #expect(try await holders(house) == ["purchases"])
      let error = await #expect(throws: RPCError.self) {
        try await house.vault.deleteCredential(
          DeleteCredentialRequest(workspace: "default", name: "shop-db"),
          context: ServerContext(path: "test")
        )
      }
      #expect(error?.reason == "credential_in_use")
      _ = try await house.client.pauseSync(PauseSyncRequest(name: "purchases"))
      #expect(try await holders(house).isEmpty)
    }
  }

  @Test("A credential that a setting names is checked, released or asked to sign, and held (R144)")
  func named() async throws {
    try await House.with { house in
      var source = House.source
      source.settings["tunnel"] = "shop-db"
      let wrongType = await refusal { [source] in
        try await house.client.putSource(PutSourceRequest(source: source))
      }
      #expect(wrongType?.reason == "credential_type")
      #expect(wrongType?.message.contains("as its tunnel") == true)
      source.settings["tunnel"] = "nobody"
      let missing = await refusal { [source] in
        try await house.client.putSource(PutSourceRequest(source: source))
      }
      #expect(missing?.reason == "credential_not_found")

      _ = try await house.vault.putCredential(
        .init(workspace: "default", name: "bastion", type: .sshKeyPair, username: "sluice"),
        context: ServerContext(path: "/test")
      )
      source.settings["tunnel"] = "bastion"
      try await house.activeSync()
      _ = try await house.client.putSource(PutSourceRequest(source: source))
      #expect(try await house.testSync("purchases").ok)
      _ = try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      let holders = try await house.vault.getCredential(
        GetCredentialRequest(workspace: "default", name: "bastion"),
        context: ServerContext(path: "test")
      ).holders
      #expect(holders == ["purchases"])
      #expect(try await house.run().status == .success)
      let tunnel = try #require(house.warehouse.log.tunnel)
      #expect(tunnel.type == .sshKeyPair && tunnel.username == "sluice" && tunnel.secret.isEmpty)
      // The fake has no keys: what it says of them reaches the driver.
      let failure = await #expect(throws: Failure.self) {
        try await tunnel.signer?.sshSignature(of: [1])
      }
      #expect(failure?.message.contains("no keys") == true)
    }
  }

  @Test("What the vault was not told, or told too much, is mended at the next start")
  func reconciled() async throws {
    try await House.with { house in
      try await house.activeSync()
      // As a stop between telling and doing leaves it.
      _ = try house.vault.change("default", "shop-db") { $0.holders = [] }
      _ = try await house.database.inner.transaction {
        try $0.execute("DELETE FROM credential_holds")
      }
      _ = try await house.database.inner.transaction { connection in
        try connection.execute(
          "INSERT INTO credential_holds VALUES ('default', 'shop-db', 'gone')"
        )
      }
      _ = try house.vault.change("default", "shop-db") { $0.holders = ["gone"] }
      try await house.restarted { (house) async throws in
        try await until { try await holders(house) == ["purchases"] }
      }
    }
  }

  @Test("T2: a vault whose generation falls was rolled back, and is not believed")
  func rolledBack() async throws {
    try await House.with { house in
      try await house.activeSync()
      #expect(try await house.run().status == .success)
      #expect(house.vault.generation > 1)
      house.vault.generation = 0
      let refused = try await house.run()
      #expect(refused.status == .configError)
      #expect(refused.errorCode == "vault_rolled_back")
      // Also after a restart: what was seen is on the disk.
      house.vault.generation = 0
      try await house.restarted { (house) async throws in
        #expect(try await house.run().errorCode == "vault_rolled_back")
        // A restored vault counts on from above.
        house.vault.generation = 1_000_000
        #expect(try await house.run().status == .success)
      }
    }
  }
}
