import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import VaultAPI

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
        while try await holders(house) != ["purchases"] { await Task.yield() }
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
