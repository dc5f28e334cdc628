import Crypto
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import Vault
import VaultAPI

/// A key's life: pending, published, proven, active, retiring, destroyed.
@Suite("Vault: rotation of keys")
struct KeyRotationTests {
  private static let day: Int64 = 86_400

  @Test("The first key is published, and active with its first login or by its fingerprint")
  func first() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let made = try #require(try await vault.putKeyPair().credential)
      #expect(made.states == "1 published")
      #expect(made.key(1)?.slot == 1 && made.key(1)?.publicKey == made.publicKey)
      // It must be able to sign in, or it could never be proven.
      let token = try await vault.signSnowflake()
      #expect(token.version == 1 && token.otherVersions.isEmpty)
      #expect(try OpenSSLKeys.verifies(token.token, publicKey: made.publicKey))

      let early = try await refusal { try await vault.rotate() }
      #expect(early.code == .failedPrecondition && early.reason == "first_key_not_proven")
      let unproven = try await refusal { try await vault.promote() }
      #expect(unproven.reason == "key_not_proven")
      let other = try await refusal { try await vault.promote(fingerprint: "SHA256:other") }
      #expect(other.reason == "fingerprint_differs")
      #expect(try await vault.get("snow").states == "1 published")

      #expect(try await vault.prove(1).states == "1 active")
      #expect(try await vault.prove(1).states == "1 active")

      let second = try #require(try await vault.putKeyPair("other").credential)
      let promoted = try await vault.promote("other", fingerprint: second.fingerprint)
      #expect(promoted.states == "1 active" && promoted.version == 1)
    }
  }

  @Test("A rotation with proof: the old key signs until the new one has signed in")
  func rotation() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let first = try #require(try await vault.putKeyPair().credential)
      try await vault.prove(1)
      house.simulated.advance(seconds: 10)
      let shown = try await vault.rotate()
      #expect(shown.states == "2 published, 1 active")
      #expect(shown.version == 1 && shown.fingerprint == first.fingerprint)
      let next = try #require(shown.key(2))
      #expect(next.slot == 2 && next.publicKey.hasPrefix("-----BEGIN PUBLIC KEY-----"))
      #expect(next.createdAt == house.simulated.now.nanoseconds)
      // A repeated call shows the same key again.
      #expect(try await vault.rotate().keys.map(\.fingerprint) == shown.keys.map(\.fingerprint))

      let old = try await vault.signSnowflake()
      #expect(old.version == 1 && old.otherVersions == [2])
      #expect(try OpenSSLKeys.verifies(old.token, publicKey: first.publicKey))
      let new = try await vault.signSnowflake(version: 2)
      #expect(new.version == 2 && new.otherVersions == [1])
      #expect(try OpenSSLKeys.verifies(new.token, publicKey: next.publicKey))
      #expect(try !OpenSSLKeys.verifies(new.token, publicKey: first.publicKey))
      #expect(try OpenSSLKeys.content(of: new.token).claims.contains(next.fingerprint))

      #expect(try await refusal { try await vault.promote() }.reason == "key_not_proven")
      #expect(try await vault.prove(2).states == "2 proven, 1 active")
      #expect(try await vault.signSnowflake().version == 1)
      house.simulated.advance(seconds: 5)
      let promoted = try await vault.promote()
      #expect(promoted.states == "2 active, 1 retiring")
      #expect(promoted.version == 2 && promoted.fingerprint == next.fingerprint)
      #expect(
        promoted.key(1)?.retireAt == house.simulated.now.nanoseconds + Self.day * 1_000_000_000
      )
      let after = try await vault.signSnowflake()
      #expect(after.version == 2 && after.otherVersions == [1])
      #expect(try await vault.signSnowflake(version: 1).version == 1)
      #expect(try await refusal { try await vault.promote() }.reason == "no_next_key")
      #expect(try await vault.problems().isEmpty)
    }
    // And all of it is there after a restart.
    try await house.run { vault in
      #expect(try await vault.get("snow").states == "2 active, 1 retiring")
      #expect(try await vault.signSnowflake(version: 1).version == 1)
      let actions = try await vault.audited().map(\.action)
      for action in ["key made", "key published", "key proven", "key promoted"] {
        #expect(actions.contains(action), "\(action)")
      }
    }
  }

  @Test("The two slots of Snowflake's user alternate")
  func slots() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      try await vault.prove(1)
      var slots: [UInt32] = []
      for version in UInt32(2)...5 {
        let shown = try await vault.rotate()
        slots.append(try #require(shown.key(version)).slot)
        try await vault.prove(version)
        try await vault.promote()
      }
      #expect(slots == [2, 1, 2, 1])
      // One waits for its grace to end; an older one has lost its place to it.
      #expect(
        try await vault.get("snow").states
          == "5 active, 4 retiring, 3 destroyed, 2 destroyed, 1 destroyed"
      )
    }
  }

  @Test("When the grace is over the key signs no more, and then it is gone")
  func grace() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await Self.promoteSecond(vault, grace: 60)
      house.simulated.advance(nanoseconds: 60_000_000_000 - 1)
      #expect(try await vault.signSnowflake(version: 1).version == 1)
      house.simulated.advance(nanoseconds: 1)
      let late = try await refusal { try await vault.signSnowflake(version: 1) }
      #expect(late.code == .notFound && late.reason == "key_not_found")
      #expect(try await vault.signSnowflake().otherVersions.isEmpty)
      #expect(try await vault.get("snow").states == "2 active, 1 retiring")
    }
    try await house.withVault { vault, caller, _ in
      try await vault.destroyExpiredKeys()
      #expect(try await caller.get("snow").states == "2 active, 1 destroyed")
      #expect(try await caller.problems().isEmpty)
      let entry = try #require(try await caller.audited().last { $0.action == "key destroyed" })
      #expect(entry.role == "vault" && entry.version == 1)
    }
    #expect(try await Self.sealedLengths(house) == [["2", "1"], ["1", "0"]])
  }

  @Test("A grace outside one second to 30 days is refused", arguments: [-1, 30 * 86_400 + 1])
  func graceLimits(seconds: Int64) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      let error = try await refusal { try await vault.promote(grace: seconds) }
      #expect(error.code == .invalidArgument && error.reason == "invalid_grace")
    }
  }

  @Test(
    "A key whose public half has not left yet does not sign; the same one is shown next time",
    .enabled(if: !VaultHouse.isOnPostgreSQL, "its trigger is SQLite's")
  )
  func pending() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      try await vault.prove(1)
    }
    // As a crash between the two steps would leave it.
    try await house.withDatabase { database in
      try await database.transaction { connection in
        _ = try connection.execute(
          """
          CREATE TRIGGER crash BEFORE INSERT ON audit WHEN NEW.action = 'key published'
          BEGIN SELECT RAISE(ABORT, 'crash'); END
          """
        )
      }
    }
    try await house.run { (vault) async throws in
      #expect(try await refusal { try await vault.rotate() }.code == .internalError)
    }
    try await house.withDatabase { database in
      try await database.transaction { _ = try $0.execute("DROP TRIGGER crash") }
    }
    try await house.run { vault in
      let left = try await vault.get("snow")
      #expect(left.states == "2 pending, 1 active")
      // What has been shown may be at the warehouse already.
      #expect(left.key(2)?.publicKey == "")
      #expect(try await refusal { try await vault.signSnowflake(version: 2) }.code == .notFound)
      #expect(try await refusal { try await vault.prove(2) }.reason == "key_not_published")
      let token = try await vault.signSnowflake()
      #expect(token.version == 1 && token.otherVersions.isEmpty)
      let shown = try await vault.rotate()
      #expect(shown.states == "2 published, 1 active")
      #expect(shown.key(2)?.fingerprint == left.key(2)?.fingerprint)
      #expect(try await vault.signSnowflake(version: 2).version == 2)
    }
  }

  @Test("A rotation that is begun anew destroys the key that waited, unless it is proven")
  func restart() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      try await vault.prove(1)
      let waiting = try #require(try await vault.rotate().key(2))
      let again = try await vault.rotate(restart: true)
      #expect(again.states == "3 published, 2 destroyed, 1 active")
      #expect(again.key(3)?.slot == 2)
      #expect(again.key(3)?.fingerprint != waiting.fingerprint)
      #expect(try await refusal { try await vault.signSnowflake(version: 2) }.code == .notFound)
      #expect(try await refusal { try await vault.prove(2) }.code == .notFound)
      try await vault.prove(3)
      let proven = try await refusal { try await vault.rotate(restart: true) }
      #expect(proven.code == .failedPrecondition && proven.reason == "key_proven")
      #expect(try await vault.get("snow").states == "3 proven, 2 destroyed, 1 active")
      #expect(try await vault.signSnowflake().version == 1)
    }
    #expect(try await Self.sealedLengths(house) == [["3", "1"], ["2", "0"], ["1", "1"]])
  }

  @Test("A key that does not sign can be destroyed by command; the one that signs cannot")
  func destroy() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      #expect(try await refusal { try await vault.destroy(1) }.reason == "key_is_active")
      try await vault.prove(1)
      #expect(try await refusal { try await vault.destroy(1) }.reason == "key_is_active")
      #expect(try await refusal { try await vault.destroy(2) }.reason == "key_not_found")
      try await vault.rotate()
      #expect(try await vault.destroy(2).states == "2 destroyed, 1 active")
      #expect(try await vault.destroy(2).states == "2 destroyed, 1 active")
      #expect(try await vault.rotate().states == "3 published, 2 destroyed, 1 active")
      try await vault.prove(3)
      try await vault.promote()
      #expect(try await vault.destroy(1).states == "3 active, 2 destroyed, 1 destroyed")
      #expect(try await vault.signSnowflake().otherVersions.isEmpty)
      #expect(try await vault.problems().isEmpty)
    }
  }

  @Test("A warehouse's word for the fingerprint stands for a login")
  func fingerprint() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      try await vault.prove(1)
      let next = try #require(try await vault.rotate().key(2))
      let first = try await vault.get("snow").fingerprint
      for wrong in [first, next.fingerprint + " ", next.fingerprint.lowercased()] {
        let error = try await refusal { try await vault.promote(fingerprint: wrong) }
        #expect(error.reason == "fingerprint_differs")
      }
      #expect(
        try await vault.promote(fingerprint: next.fingerprint).states == "2 active, 1 retiring"
      )
    }
  }

  @Test("Only pairs rotate, and only with a size that keys have")
  func refused() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "p")
      try await vault.putKeyPair()
      try await vault.prove(1)
      #expect(try await refusal { try await vault.rotate("shop-db") }.reason == "not_a_key_pair")
      #expect(try await refusal { try await vault.prove(1, "shop-db") }.reason == "not_a_key_pair")
      #expect(try await refusal { try await vault.promote("shop-db") }.reason == "not_a_key_pair")
      #expect(try await refusal { try await vault.rotate("absent") }.code == .notFound)
      #expect(try await refusal { try await vault.rotate(bits: 1024) }.reason == "invalid_key_bits")
      #expect(try await vault.get("snow").states == "1 active")
      #expect(try await vault.rotate(bits: 3072).key(2)?.bits == 3072)
    }
  }

  @Test("Several rotations at the same time make one next key")
  func race() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      try await vault.prove(1)
      let shown = try await withThrowingTaskGroup(of: Credential.self) { group in
        for _ in 0..<3 { group.addTask { try await vault.rotate() } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(shown.map(\.states)) == ["2 published, 1 active"])
      #expect(Set(shown.compactMap { $0.key(2)?.fingerprint }).count == 1)
    }
  }

  private static func promoteSecond(_ vault: VaultCaller, grace: Int64) async throws {
    try await vault.putKeyPair()
    try await vault.prove(1)
    try await vault.rotate()
    try await vault.prove(2)
    try await vault.promote(grace: grace)
  }

  /// Each version and whether its private key is still there, the newest first.
  private static func sealedLengths(_ house: VaultHouse) async throws -> [[String]] {
    try await house.select(
      """
      SELECT version,
        CASE WHEN length(ciphertext) + length(wrapped_key) + length(nonce) > 0 THEN 1 ELSE 0 END
      FROM secret_version ORDER BY version DESC
      """,
      columns: 2
    )
  }
}
