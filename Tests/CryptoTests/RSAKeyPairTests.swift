import Crypto
import TestSupport
import Testing

@Suite("RSA key pairs")
struct RSAKeyPairTests {
  static let pair = Result { try RSAKeyPair.generate(bits: 2048) }

  @Test("The fingerprint is what the openssl commands of Snowflake's guide give")
  func fingerprint() throws {
    let pair = try Self.pair.get()
    let directory = try TemporaryDirectory()
    try directory.write(pair.publicKeyPEM, to: "key.pub")
    let file = directory.file("key.pub")
    let digest = try Command.run([
      "sh", "-c",
      "openssl pkey -pubin -in \(file) -outform DER | openssl dgst -sha256 -binary | openssl base64",
    ])
    #expect(pair.fingerprint + "\n" == "SHA256:" + digest)
    #expect(pair.publicKeyPEM.hasPrefix("-----BEGIN PUBLIC KEY-----\n"))
    #expect(pair.bits == 2048)
  }

  @Test("The private key survives its PEM form, and openssl finds it sound")
  func privateKeyPEM() throws {
    let pair = try Self.pair.get()
    let pem = try pair.pkcs8PEM()
    let again = try RSAKeyPair(pkcs8PEM: pem)
    #expect(again.fingerprint == pair.fingerprint)
    #expect(again.publicKeyPEM == pair.publicKeyPEM)
    let directory = try TemporaryDirectory()
    let text = String(decoding: pem.copyBytes(), as: UTF8.self)
    #expect(text.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
    try directory.write(text, to: "key.pem")
    let verdict = try Command.run([
      "openssl", "pkey", "-in", directory.file("key.pem"), "-check", "-noout",
    ])
    #expect(verdict.contains("Key is valid"))
  }

  @Test("Key sizes outside 2,048 to 4,096 bits are refused", arguments: [-1, 0, 1024, 2047, 4097])
  func sizes(bits: Int) {
    #expect(throws: CryptoError.self) { try RSAKeyPair.generate(bits: bits) }
  }

  @Test("What is not an RSA key in PEM is refused with its own message")
  func formats() throws {
    func refusal(_ text: String) -> CryptoError? {
      do {
        _ = try RSAKeyPair(pkcs8PEM: SecretBytes(Array(text.utf8)))
        return nil
      } catch { return error }
    }
    #expect(refusal("")?.kind == .format)
    #expect(
      refusal("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")?.kind == .format
    )
    let elliptic = try Command.run([
      "openssl", "genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
    ])
    #expect(refusal(elliptic)?.message == "the private key is not an RSA key")
    let short = try Command.run([
      "openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024",
    ])
    #expect(refusal(short)?.kind == .size)
    let encrypted = try Command.run([
      "openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-aes256", "-pass", "pass:x",
    ])
    #expect(refusal(encrypted)?.kind == .format)
  }
}
