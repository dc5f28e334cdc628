import RPC
import SyncModel
import Testing
import VaultAPI

/// Who uses what: syncs hold credentials (R144), Snowflake users belong to workspaces (R146).
@Suite("Vault: credentials in use")
struct UseTests {
  private static func hold(
    _ vault: VaultCaller,
    _ sync: String,
    _ name: String = "shop-db"
  ) async throws -> Credential {
    try await vault.asOrchestrator.holdCredential(
      HoldCredentialRequest(workspace: "default", name: name, holder: sync)
    )
  }

  private static func drop(
    _ vault: VaultCaller,
    _ sync: String,
    _ name: String = "shop-db"
  ) async throws -> Credential {
    try await vault.asOrchestrator.dropCredential(
      DropCredentialRequest(workspace: "default", name: name, holder: sync)
    )
  }

  @Test("R144: what a sync uses is not deleted, and the answer names the syncs")
  func held() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "p")
      #expect(try await Self.hold(vault, "orders").holders == ["orders"])
      let one = try await refusal { try await vault.remove("shop-db") }
      #expect(one.code == .failedPrecondition && one.reason == "credential_in_use")
      #expect(one.message.contains("sync \"orders\""))
      #expect(try await Self.hold(vault, "customers").holders == ["customers", "orders"])
      // Again changes nothing, not even the audit log.
      let before = try await vault.audited().count
      #expect(try await Self.hold(vault, "orders").holders == ["customers", "orders"])
      #expect(try await vault.audited().count == before)
      let two = try await refusal { try await vault.remove("shop-db") }
      #expect(two.message.contains("syncs \"customers\", \"orders\""))
      #expect(try await vault.release().secret == Array("p".utf8))
    }
    try await house.run { vault in
      #expect(try await vault.get().holders == ["customers", "orders"])
      #expect(try await Self.drop(vault, "orders").holders == ["customers"])
      #expect(try await Self.drop(vault, "orders").holders == ["customers"])
      #expect(try await refusal { try await vault.remove("shop-db") }.code == .failedPrecondition)
      #expect(try await Self.drop(vault, "customers").holders.isEmpty)
      try await vault.remove("shop-db")
      #expect(try await refusal { try await vault.get() }.code == .notFound)
      #expect(try await refusal { try await vault.remove("shop-db") }.code == .notFound)
      #expect(try await refusal { try await Self.hold(vault, "orders") }.code == .notFound)
      #expect(try await vault.problems().isEmpty)
      // The name is free again, with nothing of the old one about it.
      #expect(try await vault.put(password: "new").credential?.version == 1)
      #expect(try await vault.get().holders.isEmpty)
    }
    let left = try await house.select("SELECT COUNT(*) FROM secret_version", columns: 1)
    #expect(left == [["1"]])
  }

  @Test("A credential of many syncs names the first of them and counts the rest")
  func manyHolders() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "p")
      for number in 10...22 { _ = try await Self.hold(vault, "sync-\(number)") }
      let error = try await refusal { try await vault.remove("shop-db") }
      #expect(error.message.contains("\"sync-19\" and 3 more"))
      #expect(!error.message.contains("sync-20"))
      let bad = try await refusal { try await Self.hold(vault, "a b") }
      #expect(bad.code == .invalidArgument && bad.reason == "invalid_name")
    }
  }

  private static func pair(
    _ vault: VaultCaller,
    _ workspace: String,
    _ name: String,
    user: String = "LOADER"
  ) async throws {
    _ = try await vault.asOperator.putCredential(
      PutCredentialRequest(workspace: workspace, name: name, type: .keyPair, username: user)
    )
  }

  @Test("R146: a Snowflake user belongs to one workspace, however it is spelt")
  func snowflakeUser() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await Self.pair(vault, "a", "mine", user: "loader")
      try await Self.pair(vault, "a", "second", user: "LOADER")
      try await Self.pair(vault, "b", "theirs", user: "Loader")
      try await Self.pair(vault, "b", "others", user: "other")
      _ = try await vault.signSnowflake("mine", account: "xy12345.eu-west-1.aws", workspace: "a")
      _ = try await vault.signSnowflake("second", account: "XY12345", workspace: "a")
      let before = try await vault.audited().count
      let taken = try await refusal {
        try await vault.signSnowflake("theirs", account: "xy12345.us-east-1", workspace: "b")
      }
      #expect(taken.code == .failedPrecondition && taken.reason == "snowflake_user_taken")
      #expect(taken.message.contains("LOADER") && taken.message.contains("XY12345"))
      #expect(!taken.message.contains("\"a\"") && !taken.message.contains("mine"))
      #expect(try await vault.audited().count == before)
      // Another account, another user: nobody else's.
      _ = try await vault.signSnowflake("theirs", account: "xy12346", workspace: "b")
      _ = try await vault.signSnowflake("others", account: "xy12345", workspace: "b")
    }
    try await house.run { vault in
      let again = try await refusal {
        try await vault.signSnowflake("theirs", account: "xy12345", workspace: "b")
      }
      #expect(again.reason == "snowflake_user_taken")
      // The user stays with the workspace while a key pair of the workspace is the user's.
      try await vault.remove("mine", workspace: "a")
      let still = try await refusal {
        try await vault.signSnowflake("theirs", account: "xy12345", workspace: "b")
      }
      #expect(still.reason == "snowflake_user_taken")
      _ = try await vault.signSnowflake("second", account: "xy12345", workspace: "a")
      #expect(try await vault.problems().isEmpty)
      try await vault.remove("second", workspace: "a")
      _ = try await vault.signSnowflake("theirs", account: "xy12345", workspace: "b")
      try await Self.pair(vault, "a", "late", user: "LOADER")
      let late = try await refusal {
        try await vault.signSnowflake("late", account: "xy12345", workspace: "a")
      }
      #expect(late.reason == "snowflake_user_taken")
      #expect(try await vault.problems().isEmpty)
    }
  }
}
