import Crypto
import Testing

/// One case of NIST's GCM test vectors (CAVP), 256-bit keys, 96-bit nonces, 128-bit tags.
struct GCMVector: Sendable {
  var key: String
  var nonce: String
  var plaintext: String?
  var associatedData = ""
  var ciphertext = ""
  var tag: String

  /// nil when the tag must be refused.
  func opened() throws(CryptoError) -> SecretBytes {
    try AESGCM.open(
      bytes(ciphertext) + bytes(tag),
      key: SecretBytes(bytes(key)),
      nonce: bytes(nonce),
      associatedData: bytes(associatedData)
    )
  }
}

func bytes(_ hex: String) -> [UInt8] { Hex.decode(Array(hex.utf8)) ?? [] }

@Suite("AES-256-GCM")
struct AESGCMTests {
  // gcmEncryptExtIV256.rsp and gcmDecrypt256.rsp.
  static let vectors = [
    GCMVector(
      key: "b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4",
      nonce: "516c33929df5a3284ff463d7",
      plaintext: "",
      tag: "bdc1ac884d332457a1d2664f168c76f0"
    ),
    GCMVector(
      key: "31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22",
      nonce: "0d18e06c7c725ac9e362e1ce",
      plaintext: "2db5168e932556f8089a0622981d017d",
      ciphertext: "fa4362189661d163fcd6a56d8bf0405a",
      tag: "d636ac1bbedd5cc3ee727dc2ab4a9489"
    ),
    GCMVector(
      key: "83688deb4af8007f9b713b47cfa6c73e35ea7a3aa4ecdb414dded03bf7a0fd3a",
      nonce: "0b459724904e010a46901cf3",
      plaintext: "33d893a2114ce06fc15d55e454cf90c3",
      associatedData: "794a14ccd178c8ebfd1379dc704c5e208f9d8424",
      ciphertext: "cc66bee423e3fcd4c0865715e9586696",
      tag: "0fb291bd3dba94a1dfd8b286cfb97ac5"
    ),
    GCMVector(
      key: "24501ad384e473963d476edcfe08205237acfd49b5b8f33857f8114e863fec7f",
      nonce: "9ff18563b978ec281b3f2794",
      plaintext: "27f348f9cdc0c5bd5e66b1ccb63ad920ff2219d14e8d631b3872265cf117ee86"
        + "757accb158bd9abb3868fdc0d0b074b5f01b2c",
      associatedData: "adb5ec720ccf9898500028bf34afccbcaca126ef",
      ciphertext: "eb7cb754c824e8d96f7c6d9b76c7d26fb874ffbf1d65c6f64a698d839b0b0614"
        + "5dae82057ad55994cf59ad7f67c0fa5e85fab8",
      tag: "bc95c532fecc594c36d1550286a7a3f0"
    ),
    GCMVector(
      key: "9a0343f850a6427120f764789ffec6d237447b898fbf51d2182f065d3861497d",
      nonce: "3deef6f453dd70d92143adcd",
      plaintext: nil,
      associatedData: "dbb8226a624520863db6897017b2a4f8",
      ciphertext: "e93165935ac18e3a2845d15fe31a9286",
      tag: "f5fc50d18766bc3d9e16dd136d45816b"
    ),
  ]

  @Test("Seals and opens as NIST's vectors say", arguments: vectors)
  func knownAnswers(vector: GCMVector) throws {
    guard let plaintext = vector.plaintext else {
      #expect(throws: CryptoError.self) { try vector.opened() }
      return
    }
    let sealed = try AESGCM.seal(
      SecretBytes(bytes(plaintext)),
      key: SecretBytes(bytes(vector.key)),
      nonce: bytes(vector.nonce),
      associatedData: bytes(vector.associatedData)
    )
    #expect(sealed == bytes(vector.ciphertext) + bytes(vector.tag))
    #expect(try vector.opened().copyBytes() == bytes(plaintext))
  }

  @Test("Every flipped bit of ciphertext, tag, nonce, key or associated data is refused")
  func everyFlip() throws {
    let key = try RandomBytes.make(count: AESGCM.keyLength)
    let nonce = try RandomBytes.make(count: AESGCM.nonceLength)
    let associatedData = Array("sluice".utf8)
    let sealed = try AESGCM.seal(
      SecretBytes(Array("open sesame".utf8)),
      key: SecretBytes(key),
      nonce: nonce,
      associatedData: associatedData
    )
    var refused = 0
    func attempt(_ parts: [[UInt8]]) {
      do {
        _ = try AESGCM.open(
          parts[0],
          key: SecretBytes(parts[1]),
          nonce: parts[2],
          associatedData: parts[3]
        )
      } catch {
        #expect(error.kind == .authentication)
        refused += 1
      }
    }
    let whole = [sealed, key, nonce, associatedData]
    for part in whole.indices {
      for bit in 0..<whole[part].count * 8 {
        var changed = whole
        changed[part][bit / 8] ^= 1 << UInt8(bit % 8)
        attempt(changed)
      }
    }
    #expect(refused == whole.map { $0.count * 8 }.reduce(0, +))
    refused = 0
    for length in 0..<sealed.count {
      attempt([Array(sealed.prefix(length)), key, nonce, associatedData])
    }
    #expect(refused == sealed.count)
  }

  @Test("Keys and nonces of another length are refused", arguments: [0, 16, 31, 33])
  func lengths(length: Int) throws {
    let key = SecretBytes([UInt8](repeating: 1, count: length))
    #expect(throws: CryptoError.self) {
      try AESGCM.seal(key, key: key, nonce: [UInt8](repeating: 0, count: 12), associatedData: [])
    }
    let good = SecretBytes([UInt8](repeating: 1, count: 32))
    #expect(throws: CryptoError.self) {
      try AESGCM.seal(
        key,
        key: good,
        nonce: [UInt8](repeating: 0, count: length),
        associatedData: []
      )
    }
  }
}
