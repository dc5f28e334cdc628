import Crypto
import Testing
import VaultAPI

@testable import Vault

@Suite("Sealing")
struct SealingTests {
  @Test("No two lists of fields have the same bytes")
  func canonical() {
    let lists: [[String]] = [
      [], [""], ["", ""], ["ab"], ["a", "b"], ["ab", ""], ["", "ab"], ["a", "b", ""],
      ["\0\0\0\0\0\0\0\u{1}"],
    ]
    var seen: Set<[UInt8]> = []
    for list in lists {
      var fields = CanonicalFields("test")
      for text in list { fields.append(text) }
      seen.insert(fields.bytes)
    }
    #expect(seen.count == lists.count)
    #expect(CanonicalFields("test").bytes != CanonicalFields("other").bytes)
  }

  @Test("Sealed bytes open under their key and for their fields only")
  func sealed() throws {
    let key = try RandomBytes.secret(count: 32)
    let plain = SecretBytes(Array("secret".utf8))
    var fields = CanonicalFields("test")
    fields.append("here")
    let sealed = try SealedBytes(sealing: plain, under: key, for: fields)
    #expect(try sealed.open(under: key, for: fields) == plain)
    var elsewhere = CanonicalFields("test")
    elsewhere.append("there")
    #expect(throws: CryptoError.self) { try sealed.open(under: key, for: elsewhere) }
    let other = try RandomBytes.secret(count: 32)
    #expect(throws: CryptoError.self) { try sealed.open(under: other, for: fields) }
  }

  @Test("A secret is sealed for its vault, place, version, kind and time")
  func secretFields() {
    let stored = StoredCredential(
      workspace: "default",
      name: "shop",
      kind: .password,
      username: "u",
      version: 1,
      createdAt: 1,
      updatedAt: 2
    )
    let secret = StoredSecret(version: 1, state: .active, createdAt: 3)
    let changes: [(inout StoredCredential, inout StoredSecret) -> Void] = [
      { credential, _ in credential.workspace = "other" },
      { credential, _ in credential.name = "other" },
      { credential, _ in credential.kind = .keyPair },
      { _, secret in secret.version = 2 }, { _, secret in secret.createdAt = 4 },
      { _, secret in secret.slot = 2 },
    ]
    var seen: Set<[UInt8]> = [
      stored.sealFields(of: secret, vaultID: "a").bytes,
      stored.sealFields(of: secret, vaultID: "b").bytes,
    ]
    for change in changes {
      var (changed, other) = (stored, secret)
      change(&changed, &other)
      seen.insert(changed.sealFields(of: other, vaultID: "a").bytes)
    }
    #expect(seen.count == 8)
  }
}
