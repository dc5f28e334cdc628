import RPC
import SyncModel
import TestSupport
import Testing
import VaultAPI

@Suite("Vault: passwords")
struct PasswordTests {
  @Test("A password is created once, unchanged the second time, updated with a new secret")
  func changes() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let created = try await vault.put(password: "first")
      #expect(created.change == .created)
      #expect(created.credential?.version == 1)
      #expect(created.credential?.createdAt == house.simulated.now.nanoseconds)

      house.simulated.advance(seconds: 1)
      let unchanged = try await vault.put(password: "first")
      #expect(unchanged.change == .unchanged)
      #expect(unchanged.credential == created.credential)

      let updated = try await vault.put(password: "second")
      #expect(updated.change == .updated)
      #expect(updated.credential?.version == 2)
      #expect(updated.credential?.createdAt == created.credential?.createdAt)
      #expect(updated.credential?.updatedAt == house.simulated.now.nanoseconds)
      #expect(try await vault.release().secret == Array("second".utf8))
      #expect(try await vault.get() == updated.credential)
    }
  }

  @Test("Another username alone is an update that keeps the secret and its version")
  func username() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "secret", username: "e\u{301}lan")
      // Canonically equivalent, other bytes: another user to a database (design, decision 13).
      let updated = try await vault.put(password: "secret", username: "\u{e9}lan")
      #expect(updated.change == .updated)
      #expect(updated.credential?.version == 1)
      let released = try await vault.release()
      #expect(Array(released.username.utf8) == Array("\u{e9}lan".utf8))
      #expect(released.secret == Array("secret".utf8))
    }
  }

  @Test("The longest password and any bytes come back as they went in", arguments: [1, 65_536])
  func anyBytes(count: Int) async throws {
    let house = try VaultHouse()
    let secret = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try await house.run { (vault) async throws in
      let request = PutCredentialRequest(
        workspace: "default",
        name: "raw",
        type: .password,
        secret: secret
      )
      #expect(try await vault.asOperator.putCredential(request).change == .created)
      #expect(try await vault.asOperator.putCredential(request).change == .unchanged)
      #expect(try await vault.release("raw").secret == secret)
    }
  }

  @Test("Get and List never show a secret; List goes by name, within its workspace")
  func getAndList() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      // More than the vault reads at a time.
      let names = (0..<230).map { "db-\(1000 + $0)" }
      for name in names.shuffled() {
        try await vault.put(password: "hunter2", name)
      }
      try await vault.put(password: "hunter2", "elsewhere", workspace: "other")
      let listed = try await vault.list()
      #expect(listed.map(\.name) == names)
      #expect(try await vault.list(workspace: "other").map(\.name) == ["elsewhere"])
      #expect(try await vault.list(workspace: "empty").isEmpty)
      for credential in listed {
        #expect(!"\(credential)".contains("hunter2"))
      }
    }
  }

  @Test("The same name in two workspaces is two credentials")
  func workspaces() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "one", workspace: "a")
      try await vault.put(password: "two", workspace: "b")
      #expect(try await vault.release(workspace: "a").secret == Array("one".utf8))
      #expect(try await vault.release(workspace: "b").secret == Array("two".utf8))
    }
  }

  @Test("What is not there is NOT_FOUND, by its name")
  func notFound() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let get = try await refusal { try await vault.get("absent") }
      let release = try await refusal { try await vault.release("absent") }
      for error in [get, release] {
        #expect(error.code == .notFound)
        #expect(error.reason == "credential_not_found")
        #expect(error.message.contains("\"absent\""))
      }
    }
  }

  static let badPuts: [(PutCredentialRequest, String)] = [
    (PutCredentialRequest(workspace: "default", name: "a", type: .password), "invalid_secret"),
    (
      PutCredentialRequest(
        workspace: "default",
        name: "a",
        type: .password,
        secret: [UInt8](repeating: 1, count: 65_537)
      ), "invalid_secret"
    ),
    (
      PutCredentialRequest(
        workspace: "default",
        name: "a",
        type: .password,
        secret: [1],
        keyBits: 2048
      ),
      "invalid_secret"
    ),
    (PutCredentialRequest(workspace: "default", name: "a", secret: [1]), "invalid_type"),
    (
      PutCredentialRequest(workspace: "default", name: "", type: .password, secret: [1]),
      "invalid_name"
    ),
    (
      PutCredentialRequest(workspace: "default", name: "a b", type: .password, secret: [1]),
      "invalid_name"
    ),
    (
      PutCredentialRequest(workspace: "default", name: "\u{e9}", type: .password, secret: [1]),
      "invalid_name"
    ),
    (
      PutCredentialRequest(
        workspace: "default",
        name: String(repeating: "a", count: 129),
        type: .password,
        secret: [1]
      ), "invalid_name"
    ),
    (PutCredentialRequest(workspace: "", name: "a", type: .password, secret: [1]), "invalid_name"),
    (
      PutCredentialRequest(
        workspace: "default",
        name: "a",
        type: .password,
        username: "a\nb",
        secret: [1]
      ),
      "invalid_text"
    ),
    (
      PutCredentialRequest(workspace: "default", name: "a", type: .keyPair, secret: [1]),
      "invalid_key"
    ),
    (
      PutCredentialRequest(workspace: "default", name: "a", type: .keyPair, keyBits: 1024),
      "invalid_key_bits"
    ),
    (
      PutCredentialRequest(workspace: "default", name: "a", type: .keyPair, keyBits: .max),
      "invalid_key_bits"
    ),
  ]

  @Test("A put that cannot be right is INVALID_ARGUMENT and stores nothing", arguments: badPuts)
  func badPut(request: PutCredentialRequest, reason: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let error = try await refusal { try await vault.asOperator.putCredential(request) }
      #expect(error.code == .invalidArgument)
      #expect(error.reason == reason)
      #expect(try await vault.list().isEmpty)
    }
  }

  @Test("A name of 128 of the permitted characters is taken")
  func longestName() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let name = "aZ09._-" + String(repeating: "x", count: 121)
      try await vault.put(password: "p", name)
      #expect(try await vault.get(name).name == name)
    }
  }

  @Test("A purpose or run id that could forge log lines is refused")
  func releaseText() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "p")
      let purpose = try await refusal { try await vault.release(purpose: "a\nb") }
      let run = try await refusal {
        try await vault.release(runId: String(repeating: "r", count: 129))
      }
      #expect(purpose.code == .invalidArgument)
      #expect(run.code == .invalidArgument)
    }
  }
}
