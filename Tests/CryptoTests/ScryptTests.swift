import Crypto
import Testing

@Suite("scrypt")
struct ScryptTests {
  // RFC 7914 has no case with r = 8 and p = 2: these are of Python's hashlib.scrypt.
  @Test(
    "A passphrase gives Python's key",
    arguments: [
      (
        14, "pleaseletmein", Hex.encode(Array("SodiumChloride".utf8)),
        "a65054a9ba73c917e45f3bcbf14f117595364fa7c7b7e0b2d20e167fca012a32"
      ),
      (
        16, "p\u{e4}ssword of length", Hex.encode(Array(0..<32)),
        "875c765d21fef677a69738d0cd8f603b81bb4c7ef29d04bbd00f41f17b12387a"
      ),
      (15, "x", "", "724b24eb03ef69fb0a5ea553555582ca2a70a2785937787d7bccded9b5415c9f"),
    ]
  )
  func answers(logCost: Int, passphrase: String, salt: String, key: String) throws {
    let scrypt = Scrypt(logCost: logCost, salt: bytes(salt))
    let derived = try scrypt.derive(from: SecretBytes(Array(passphrase.utf8)))
    #expect(Hex.encode(derived.copyBytes()) == key)
  }

  @Test(
    "A cost that only damaged data has is refused",
    arguments: [Int.min, -1, 0, 13, 21, Int.max]
  )
  func cost(logCost: Int) {
    let scrypt = Scrypt(logCost: logCost, salt: [UInt8](repeating: 1, count: 32))
    let error = #expect(throws: CryptoError.self) {
      try scrypt.derive(from: SecretBytes(Array("passphrase".utf8)))
    }
    #expect(error?.kind == .size)
  }

  @Test("Each new salt is another key's, and the default is the cost that is recommended")
  func salts() throws {
    let (one, other) = (try Scrypt(), try Scrypt())
    #expect(one.salt.count == 32 && one.salt != other.salt)
    #expect(one.logCost == 16)
  }
}
