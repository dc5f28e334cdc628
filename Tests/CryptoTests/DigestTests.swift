import Crypto
import Testing

@Suite("Digests and derived keys")
struct DigestTests {
  @Test(
    "SHA-256 gives FIPS 180-4's examples",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ]
  )
  func sha256(message: String, digest: String) {
    #expect(SHA256.digest(Array(message.utf8)).description == digest)
  }

  @Test("A million bytes in uneven pieces hash as in one piece, and the value starts afresh")
  func incremental() {
    var hash = SHA256()
    var left = 1_000_000
    var piece = 1
    while left > 0 {
      let count = min(piece, left)
      hash.update([UInt8](repeating: UInt8(ascii: "a"), count: count))
      left -= count
      piece = piece % 997 + 13
    }
    #expect(
      hash.finish().description
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    )
    hash.update(Array("abc".utf8))
    #expect(hash.finish() == SHA256.digest(Array("abc".utf8)))
  }

  @Test("A digest is its 32 bytes, and nothing of another length")
  func digestBytes() throws {
    let digest = SHA256.digest(Array("abc".utf8))
    #expect(digest.bytes.withUnsafeBytes { SHA256Digest($0) } == digest)
    #expect(digest.bytes.dropLast().withUnsafeBytes { SHA256Digest($0) } == nil)
    #expect(Hex.encode(digest.bytes) == digest.description)
  }

  // RFC 5869, appendix A.1 to A.3.
  @Test(
    "HKDF gives RFC 5869's answers",
    arguments: [
      (
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
      ),
      (
        Hex.encode(0...0x4f), Hex.encode(0x60...0xaf), Hex.encode(0xb0...0xff),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
          + "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
      ),
      (
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
      ),
    ]
  )
  func hkdf(key: String, salt: String, info: String, derived: String) throws {
    let result = try HKDF.derive(
      from: SecretBytes(bytes(key)),
      salt: bytes(salt),
      info: bytes(info),
      count: derived.utf8.count / 2
    )
    #expect(Hex.encode(result.copyBytes()) == derived)
  }

  // RFC 4231, cases 1, 2 and 6.
  @Test(
    "HMAC gives RFC 4231's answers",
    arguments: [
      (
        [UInt8](repeating: 0x0b, count: 20), "Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        Array("Jefe".utf8), "what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        [UInt8](repeating: 0xaa, count: 131),
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ]
  )
  func hmac(key: [UInt8], message: String, code: String) throws {
    let result = try HMACSHA256.authenticate(Array(message.utf8), key: SecretBytes(key))
    #expect(Hex.encode(result) == code)
  }

  // RFC 4648, section 10.
  @Test(
    "Base64 gives RFC 4648's answers",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]
  )
  func base64(text: String, encoded: String) {
    #expect(Base64.encode(Array(text.utf8)) == encoded)
  }

  @Test("Hex reads what it writes, and neither odd lengths nor other characters")
  func hex() {
    #expect(Hex.decode(Array("00ffAb".utf8)) == [0, 255, 0xab])
    #expect(Hex.decode(Array("abc".utf8)) == nil)
    #expect(Hex.decode(Array("0g".utf8)) == nil)
    #expect(Hex.encode([0, 255, 0xab]) == "00ffab")
  }
}
