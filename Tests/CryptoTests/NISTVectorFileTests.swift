import Crypto
import Glibc
import Testing

/// The whole of NIST's AES-256-GCM files, where the PyPI package `cryptography_vectors` is at hand:
/// `SLUICE_CRYPTOGRAPHY_VECTORS` names its directory.
@Suite("NIST's GCM files")
struct NISTVectorFileTests {
  static let directory = getenv("SLUICE_CRYPTOGRAPHY_VECTORS").map { String(cString: $0) }

  @Test(
    "Every case with our nonce and tag lengths gives NIST's answer",
    .enabled(if: directory != nil, "set SLUICE_CRYPTOGRAPHY_VECTORS to run it"),
    arguments: ["gcmEncryptExtIV256.rsp", "gcmDecrypt256.rsp"]
  )
  func file(name: String) throws {
    let path = try #require(Self.directory) + "/ciphers/AES/GCM/" + name
    let vectors = try Self.vectors(in: path)
    var right = 0
    for vector in vectors {
      // Both ways, where there is a plaintext.
      if let plaintext = vector.plaintext {
        let sealed = try AESGCM.seal(
          SecretBytes(bytes(plaintext)),
          key: SecretBytes(bytes(vector.key)),
          nonce: bytes(vector.nonce),
          associatedData: bytes(vector.associatedData)
        )
        guard sealed == bytes(vector.ciphertext) + bytes(vector.tag) else { continue }
      }
      do {
        if try Hex.encode(vector.opened().copyBytes()) == vector.plaintext { right += 1 }
      } catch {
        if vector.plaintext == nil { right += 1 }
      }
    }
    #expect(vectors.count == 375)
    #expect(right == vectors.count)
  }

  private static func vectors(in path: String) throws -> [GCMVector] {
    let file = try #require(fopen(path, "r"), "cannot open \(path)")
    defer { fclose(file) }
    var lengths: [String: String] = [:]
    var fields: [String: String] = [:]
    var vectors: [GCMVector] = []
    var line = [CChar](repeating: 0, count: 4096)
    func finish() {
      if let key = fields["Key"], lengths["IVlen"] == "96", lengths["Taglen"] == "128" {
        vectors.append(
          GCMVector(
            key: key,
            nonce: fields["IV"] ?? "",
            plaintext: fields["FAIL"] == nil ? fields["PT"] ?? "" : nil,
            associatedData: fields["AAD"] ?? "",
            ciphertext: fields["CT"] ?? "",
            tag: fields["Tag"] ?? ""
          )
        )
      }
      fields = [:]
    }
    while fgets(&line, CInt(line.count), file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
        as: UTF8.self
      )
      let words = text.split { " =[]\r\n".contains($0) }.map(String.init)
      guard let name = words.first else {
        finish()
        continue
      }
      let value = words.count > 1 ? words[1] : ""
      if text.hasPrefix("[") { lengths[name] = value } else { fields[name] = value }
    }
    finish()
    return vectors
  }
}
