import Crypto
import RPC
import SQLDatabase
import TestSupport
import Testing
import VaultAPI

@testable import Vault

/// A vault of the release that had neither a manifest nor a chained audit log.
@Suite("Vault: a database of the first release")
struct UpgradeTests {
  private static let vaultID = "0b0e3c52-2b37-4b8a-9c53-5a6f3a1d9e10"

  /// Writes what that release wrote, in its schema: one password, one key pair, one line of audit.
  private func makeFirstForm(_ house: VaultHouse) async throws {
    let masterKey = try MasterKey.load(file: house.directory.file("master.key"))
    let root = try RootKey(id: 1, secret: RandomBytes.secret(count: 32))
    let first = SQLMigrations([try #require(CredentialVault.migrations.steps.first)])
    let database = try await SQLiteDatabase.open(path: house.databasePath, migrations: first)
    try await database.transaction { connection in
      try connection.execute(
        "INSERT INTO vault_meta (only_row, vault_id, created_at) VALUES (1, ?1, 5)",
        [.text(Self.vaultID)]
      )
      let (wrapped, canary) = try Self.slot(root, masterKey)
      try connection.execute(
        """
        INSERT INTO unlock_slot (slot, root_id, created_at, root_salt, root_nonce, wrapped_root,
          canary_salt, canary_nonce, canary) VALUES (1, 1, 5, ?1, ?2, ?3, ?4, ?5, ?6)
        """,
        [
          .blob(wrapped.salt), .blob(wrapped.nonce), .blob(wrapped.ciphertext),
          .blob(canary.salt), .blob(canary.nonce), .blob(canary.ciphertext),
        ]
      )
      try Self.insert(.password, "shop-db", SecretBytes(Array("hunter2".utf8)), root, connection)
      let pair = try RSAKeyPair.generate(bits: 2048)
      try Self.insert(.keyPair, "snow", pair.pkcs8PEM(), root, connection, pair)
      try connection.execute(
        """
        INSERT INTO audit (seq, at, role, instance, action, workspace, name, version, purpose, run_id)
        VALUES (1, 5, 'operator', 'local', 'put created', 'default', 'shop-db', 1, '', '')
        """
      )
    }
    await database.close()
  }

  private static func slot(
    _ root: RootKey,
    _ masterKey: MasterKey
  ) throws -> (SealedBytes, SealedBytes) {
    func fields(_ purpose: StaticString) -> CanonicalFields {
      var fields = CanonicalFields(purpose)
      fields.append(vaultID)
      for number in [Int64(1), 1, 5] { fields.append(number) }
      return fields
    }
    return (
      try SealedBytes(sealing: root.secret, under: masterKey.secret, for: fields("unlock-slot")),
      try SealedBytes(
        sealing: SecretBytes(Array("sluice-vault canary".utf8)),
        under: masterKey.secret,
        for: fields("canary")
      )
    )
  }

  private static func insert(
    _ kind: CredentialKind,
    _ name: String,
    _ payload: SecretBytes,
    _ root: RootKey,
    _ connection: any SQLConnection,
    _ pair: RSAKeyPair? = nil
  ) throws {
    func place(_ purpose: StaticString) -> CanonicalFields {
      var fields = CanonicalFields(purpose)
      for text in [vaultID, "default", name] { fields.append(text) }
      return fields
    }
    var row = place("credential row")
    for text in [kind.name ?? "", "LOADER"] { row.append(text) }
    for number in [Int64(1), 5, 5] { row.append(number) }
    try connection.execute(
      """
      INSERT INTO credential (workspace, name, kind, username, version, created_at, updated_at,
        row_mac) VALUES ('default', ?1, ?2, 'LOADER', 1, 5, 5, ?3)
      """,
      [.text(name), .text(kind.name ?? ""), .blob(try root.authenticate(row))]
    )
    var seal = place("secret")
    seal.append(1)
    seal.append(kind.name ?? "")
    seal.append(5)
    let sealed = try SealedSecret(sealing: payload, under: root, for: seal)
    var version = place("secret version row")
    version.append(1)
    version.append(Int64(pair?.bits ?? 0))
    version.append(pair?.publicKeyPEM ?? "")
    version.append(pair?.fingerprint ?? "")
    version.append(5)
    try connection.execute(
      """
      INSERT INTO secret_version (workspace, name, version, key_bits, public_key, fingerprint,
        root_id, key_salt, key_nonce, wrapped_key, nonce, ciphertext, created_at, row_mac)
      VALUES ('default', ?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 5, ?11)
      """,
      [
        .text(name), .integer(Int64(pair?.bits ?? 0)), .text(pair?.publicKeyPEM ?? ""),
        .text(pair?.fingerprint ?? ""),
      ] + sealed.columns + [.blob(try root.authenticate(version))]
    )
  }

  @Test("It is taken over whole, once, and is under the manifest from then on")
  func takenOver() async throws {
    let house = try VaultHouse()
    try await makeFirstForm(house)
    try await house.run { (vault) async throws in
      #expect(try await vault.release().secret == Array("hunter2".utf8))
      // A pair that signed before signs on: it is its credential's active key.
      #expect(try await vault.get("snow").keys.map(\.state) == [.active])
      let found = try await vault.operations.verifyVault(VerifyVaultRequest())
      #expect(found.problems == [])
      #expect(found.secrets == 2)
      let status = try await vault.operations.getVaultStatus(GetVaultStatusRequest())
      #expect(status.vaultId == Self.vaultID)
    }
    let actions = try await house.select("SELECT action FROM audit ORDER BY seq", columns: 1)
    #expect(actions.flatMap { $0 }.prefix(3) == ["put created", "vault upgraded", "release"])
    // Again: nothing is upgraded a second time.
    try await house.run { (vault) async throws in
      #expect(try await vault.release().secret == Array("hunter2".utf8))
    }
    let again = try await house.select(
      "SELECT action FROM audit WHERE action = 'vault upgraded'",
      columns: 1
    )
    #expect(again.count == 1)
    // Whoever takes the manifest away does not get the first form back.
    try await house.edit("DELETE FROM manifest")
    try await house.run { (vault) async throws in
      #expect(try await refusal { try await vault.release() }.code == .dataLoss)
    }
  }
}
