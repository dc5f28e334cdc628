import Crypto
import Glibc
import RPC
import SQLDatabase
import TestSupport
import Testing
import VaultAPI

@Suite("Vault: what is seen from outside")
struct DisclosureTests {
  /// The bytes of every file that belongs to the vault's database.
  private static func stored(_ house: VaultHouse) -> [UInt8] {
    var all: [UInt8] = []
    for suffix in ["", "-wal", "-shm"] {
      guard let file = fopen(house.databasePath + suffix, "r") else { continue }
      defer { fclose(file) }
      var chunk = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = fread(&chunk, 1, chunk.count, file)
        if count == 0 { break }
        all += chunk[..<count]
      }
    }
    return all
  }

  @Test("No secret is in the database, its WAL, or the log, while it runs or afterwards")
  func atRest() async throws {
    let house = try VaultHouse()
    let secrets = ["canary-one-7f3a9c", "canary-two-b81e44"]
    try await house.run { vault in
      for secret in secrets { try await vault.put(password: secret) }
      try await vault.putKeyPair()
      #expect(try await vault.release().secret == Array(secrets[1].utf8))
      let running = Self.stored(house)
      // The search itself works: what is no secret is found.
      #expect(running.contains(Array("shop-db".utf8)))
      for secret in secrets { #expect(!running.contains(Array(secret.utf8))) }
      #expect(!running.contains(Array("PRIVATE KEY".utf8)))
    }
    let closed = Self.stored(house)
    #expect(closed.contains(Array("shop-db".utf8)))
    for secret in secrets {
      #expect(!closed.contains(Array(secret.utf8)))
      #expect(!closed.contains(Array(Base64.encode(Array(secret.utf8)).utf8)))
      #expect(!house.log.lines.contains { $0.contains(secret) })
    }
    #expect(!closed.contains(Array("PRIVATE KEY".utf8)))
  }

  @Test("The same password sealed twice looks different each time")
  func oneTimeKeys() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "same", "a")
      try await vault.put(password: "same", "b")
    }
    for column in ["key_salt", "key_nonce", "wrapped_key", "nonce", "ciphertext"] {
      let values = try await house.select("SELECT hex(\(column)) FROM secret_version", columns: 1)
      #expect(Set(values).count == 2, "\(column)")
    }
  }

  @Test("A release is logged and audited with who, what and for which run")
  func releaseIsLogged() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "p")
      _ = try await vault.release()
    }
    let line = try #require(house.log.lines.first { $0.contains("released a secret") })
    for part in [
      "workspace=default", "credential=shop-db", "run.id=run-7", "purpose=read shop",
      "peer.role=orchestrator", "peer.instance=test-1",
    ] { #expect(line.contains(part), "\(part)") }
    let audit = try await house.select(
      "SELECT action, role, instance, workspace, name, version, purpose, run_id FROM audit"
        + " ORDER BY seq",
      columns: 8
    )
    #expect(
      audit == [
        ["vault created", "vault", "", "", "", "0", "", ""],
        ["put created", "operator", "test-1", "default", "shop-db", "1", "", ""],
        ["release", "orchestrator", "test-1", "default", "shop-db", "1", "read shop", "run-7"],
      ]
    )
  }

  @Test("When the audit cannot be written, nothing is released and nothing is stored")
  func failsClosed() async throws {
    let house = try VaultHouse()
    try await house.run { try await $0.put(password: "p") }
    try await house.withDatabase { database in
      try await database.transaction { connection in
        _ = try connection.execute(
          "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
      }
    }
    try await house.run { (vault) async throws in
      #expect(try await refusal { try await vault.release() }.code == .internalError)
      #expect(try await refusal { try await vault.put(password: "q") }.code == .internalError)
      #expect(try await vault.get().version == 1)
    }
    #expect(!house.log.lines.contains { $0.contains("released a secret") })
    #expect(house.log.lines.contains { $0.contains("a call failed") && $0.contains("no room") })
  }
}

extension [UInt8] {
  /// Whether `part` occurs anywhere in it.
  func contains(_ part: [UInt8]) -> Bool {
    withUnsafeBytes { whole in
      part.withUnsafeBytes { part in
        guard let wanted = part.baseAddress, let first = part.first,
          let start = whole.baseAddress
        else { return false }
        var from = 0
        while from + part.count <= whole.count,
          let found = memchr(start + from, CInt(first), whole.count - part.count + 1 - from)
        {
          if memcmp(found, wanted, part.count) == 0 { return true }
          from = start.distance(to: found) + 1
        }
        return false
      }
    }
  }
}
