import RPC
import SQLDatabase
import SyncModel
import Testing
import VaultAPI

/// A thief with write access to the database (threat T2): every edit is refused, none is believed.
@Suite("Vault: edited rows")
struct TamperingTests {
  /// One edit, and what notices it: reading the credential, or opening its secret.
  static let edits = [
    "UPDATE credential SET username = 'mallory'",
    "UPDATE credential SET kind = 'key_pair'",
    "UPDATE credential SET kind = 'card'",
    "UPDATE credential SET version = 1",
    "UPDATE credential SET version = -1",
    "UPDATE credential SET version = 4294967298",
    "UPDATE credential SET created_at = created_at + 1",
    "UPDATE credential SET updated_at = updated_at + 1",
    "UPDATE credential SET row_mac = zeroblob(32)",
    "UPDATE credential SET row_mac = x''",
    "UPDATE secret_version SET version = 7",
    "UPDATE secret_version SET key_bits = 2048",
    "UPDATE secret_version SET public_key = 'mine'",
    "UPDATE secret_version SET fingerprint = 'SHA256:mine'",
    "UPDATE secret_version SET root_id = 2",
    "UPDATE secret_version SET created_at = created_at + 1",
    "UPDATE secret_version SET row_mac = zeroblob(32)",
    "UPDATE secret_version SET key_salt = zeroblob(32)",
    "UPDATE secret_version SET key_salt = x''",
    "UPDATE secret_version SET key_nonce = zeroblob(12)",
    "UPDATE secret_version SET key_nonce = zeroblob(13)",
    "UPDATE secret_version SET wrapped_key = zeroblob(48)",
    "UPDATE secret_version SET wrapped_key = x''",
    "UPDATE secret_version SET nonce = zeroblob(12)",
    "UPDATE secret_version SET nonce = zeroblob(0)",
    "UPDATE secret_version SET ciphertext = zeroblob(22)",
    "UPDATE secret_version SET ciphertext = x''",
    "UPDATE secret_version SET ciphertext = substr(ciphertext, 1, length(ciphertext) - 1)",
    "UPDATE secret_version SET ciphertext = ciphertext || x'00'",
    "DELETE FROM secret_version",
  ]

  @Test("No edited column is believed", arguments: edits)
  func editedColumn(statement: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "first")
      try await vault.put(password: "second")
    }
    try await house.edit(statement)
    try await house.run { vault in
      let error = try await refusal { try await vault.release() }
      #expect(error.code == .dataLoss)
      #expect(error.reason == "damaged_store")
      // A put compares with what is there; it does not paper over the damage either.
      let put = try await refusal { try await vault.put(password: "third") }
      #expect(put.code == .dataLoss)
    }
  }

  @Test("Every single byte of a stored secret counts")
  func everyByte() async throws {
    let house = try VaultHouse()
    try await house.run { try await $0.put(password: "open sesame") }
    let lengths = [
      "key_salt": 32, "key_nonce": 12, "wrapped_key": 48, "nonce": 12, "ciphertext": 27,
      "row_mac": 32,
    ]
    for (column, length) in lengths.sorted(by: { $0.key < $1.key }) {
      let original = try await house.withDatabase { database in
        try await database.read { connection in
          try connection.first("SELECT \(column) FROM secret_version") { $0.blob(0) }
        }
      }
      let bytes = try #require(original)
      #expect(bytes.count == length)
      try await house.run { vault in
        for index in bytes.indices {
          var changed = bytes
          changed[index] ^= 1 << UInt8(index % 8)
          try await house.edit(
            "UPDATE secret_version SET \(column) = ?1",
            values: [.blob(changed)]
          )
          let error = try await refusal { try await vault.release() }
          #expect(error.code == .dataLoss, "\(column)[\(index)]")
        }
        try await house.edit("UPDATE secret_version SET \(column) = ?1", values: [.blob(bytes)])
        #expect(try await vault.release().secret == Array("open sesame".utf8))
      }
    }
  }

  @Test("A row that is renamed or moved to another workspace does not open")
  func moved() async throws {
    for (column, value) in [("name", "other"), ("workspace", "theirs")] {
      let house = try VaultHouse()
      try await house.run { try await $0.put(password: "mine") }
      try await house.edit(
        "UPDATE credential SET \(column) = '\(value)'",
        "UPDATE secret_version SET \(column) = '\(value)'"
      )
      try await house.run { vault in
        let error = try await refusal {
          try await vault.release(
            column == "name" ? value : "shop-db",
            workspace: column == "workspace" ? value : "default"
          )
        }
        #expect(error.code == .dataLoss)
      }
    }
  }

  @Test("Secrets that trade places do not open, not even with all their columns")
  func swapped() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "one", "a")
      try await vault.put(password: "two", "b")
    }
    try await house.edit(
      "UPDATE secret_version SET name = 'x' WHERE name = 'a'",
      "UPDATE secret_version SET name = 'a' WHERE name = 'b'",
      "UPDATE secret_version SET name = 'b' WHERE name = 'x'"
    )
    try await house.run { (vault) async throws in
      for name in ["a", "b"] {
        #expect(try await refusal { try await vault.release(name) }.code == .dataLoss)
      }
    }
  }

  @Test("An older version that is put back under the newer number does not open")
  func olderVersion() async throws {
    let house = try VaultHouse()
    try await house.run { try await $0.put(password: "old") }
    try await house.edit("CREATE TABLE kept AS SELECT * FROM secret_version")
    try await house.run { try await $0.put(password: "new") }
    try await house.edit(
      "DELETE FROM secret_version",
      "UPDATE kept SET version = 2",
      "INSERT INTO secret_version SELECT * FROM kept"
    )
    try await house.run { (vault) async throws in
      #expect(try await refusal { try await vault.release() }.code == .dataLoss)
    }
  }

  @Test("An exchanged public key is not shown: it would end up at the warehouse")
  func publicKey() async throws {
    let house = try VaultHouse()
    try await house.run { try await $0.putKeyPair() }
    try await house.edit("UPDATE secret_version SET public_key = 'mallory''s key'")
    try await house.run { (vault) async throws in
      #expect(try await refusal { try await vault.get("snow") }.code == .dataLoss)
      #expect(try await refusal { try await vault.list() }.code == .dataLoss)
    }
  }

  @Test("A row of another vault does not open in this one")
  func otherVault() async throws {
    let (mine, theirs) = (try VaultHouse(), try VaultHouse())
    try await mine.run { try await $0.put(password: "mine") }
    try await theirs.run { try await $0.put(password: "theirs") }
    let mac = try await theirs.withDatabase { database in
      try await database.read { connection in
        try connection.first("SELECT row_mac FROM credential") { $0.blob(0) } ?? []
      }
    }
    try await mine.edit("UPDATE credential SET row_mac = ?1", values: [.blob(mac)])
    try await mine.run { (vault) async throws in
      #expect(try await refusal { try await vault.get() }.code == .dataLoss)
    }
  }
}
