import RPC
import Testing
import VaultAPI

@Suite("Vault: key pairs")
struct KeyPairTests {
  @Test("The vault makes the pair, shows its public half, and never makes it again")
  func made() async throws {
    let house = try VaultHouse()
    let made = try await house.run { vault in
      let created = try await vault.putKeyPair()
      let credential = try #require(created.credential)
      #expect(created.change == .created)
      #expect(credential.publicKey.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
      #expect(credential.fingerprint.hasPrefix("SHA256:"))
      #expect(try await vault.putKeyPair().change == .unchanged)
      #expect(try await vault.putKeyPair(bits: 2048).change == .unchanged)
      return credential
    }
    try await house.run { vault in
      let again = try await vault.putKeyPair()
      #expect(again.change == .unchanged)
      #expect(again.credential == made)
      #expect(try await vault.get("snow") == made)
    }
  }

  @Test("Another username changes the row, not the pair")
  func username() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let before = try await vault.putKeyPair()
      let after = try await vault.putKeyPair(username: "OTHER")
      #expect(after.change == .updated)
      #expect(after.credential?.username == "OTHER")
      #expect(after.credential?.fingerprint == before.credential?.fingerprint)
      #expect(after.credential?.version == 1)
    }
  }

  @Test("Other bits are refused: a new pair in its place would lock the login out")
  func otherBits() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let before = try await vault.putKeyPair()
      let error = try await refusal { try await vault.putKeyPair(bits: 3072) }
      #expect(error.code == .failedPrecondition)
      #expect(error.reason == "key_pair_is_fixed")
      #expect(try await vault.get("snow") == before.credential)
    }
  }

  @Test("A private key never leaves, whoever asks (design, decision 15)")
  func neverLeaves() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      for role in ["orchestrator", "writer"] {
        let error = try await refusal {
          try await vault.client(as: role).releaseSecret(
            ReleaseSecretRequest(workspace: "default", name: "snow", purpose: "p")
          )
        }
        #expect(error.code == .failedPrecondition)
        #expect(error.reason == "key_never_leaves")
      }
    }
  }

  @Test("A credential's type is fixed, both ways")
  func typeIsFixed() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair("pair")
      try await vault.put(password: "p", "word")
      let toPassword = try await refusal { try await vault.put(password: "p", "pair") }
      let toPair = try await refusal { try await vault.putKeyPair("word") }
      for error in [toPassword, toPair] {
        #expect(error.code == .failedPrecondition)
        #expect(error.reason == "type_is_fixed")
      }
      #expect(try await vault.release("word").secret == Array("p".utf8))
    }
  }

  @Test("Two puts of one pair at the same time make one")
  func race() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let answers = try await withThrowingTaskGroup(of: PutCredentialResponse.self) { group in
        for _ in 0..<3 { group.addTask { try await vault.putKeyPair() } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.filter { $0.change == .created }.count == 1)
      #expect(Set(answers.compactMap(\.credential?.fingerprint)).count == 1)
    }
  }
}
