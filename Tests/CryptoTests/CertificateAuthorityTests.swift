import Crypto
import Glibc
import TestSupport
import Testing

@Suite("Certificate authority")
struct CertificateAuthorityTests {
  @Test("openssl verifies a leaf for both ends, and prints its names")
  func leafAgainstOpenSSL() throws {
    let directory = try TemporaryDirectory()
    let authority = try CertificateAuthority.create()
    try authority.write(
      certificateFile: directory.file("ca.pem"),
      privateKeyFile: directory.file("ca.key")
    )
    let leaf = try authority.issue(
      role: "orchestrator",
      instance: "one",
      dnsNames: ["localhost", "my_orchestrator"],
      ipAddresses: ["127.0.0.1", "::1"],
      days: 30
    )
    try leaf.write(
      certificateFile: directory.file("leaf.pem"),
      privateKeyFile: directory.file("leaf.key")
    )

    for purpose in ["sslserver", "sslclient"] {
      let verdict = try Command.run([
        "openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile",
        directory.file("ca.pem"), directory.file("leaf.pem"),
      ])
      #expect(verdict.contains("leaf.pem: OK"))
    }
    let text = try Command.run([
      "openssl", "x509", "-in", directory.file("leaf.pem"), "-noout", "-text",
    ])
    #expect(
      text.contains(
        "URI:urn:sluice:role:orchestrator:one, DNS:localhost, DNS:my_orchestrator, "
          + "IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"
      )
    )
    #expect(text.contains("TLS Web Server Authentication, TLS Web Client Authentication"))
    #expect(text.contains("NIST CURVE: P-256"))
    #expect(text.contains("ecdsa-with-SHA256"))
    #expect(text.contains("CA:FALSE"))

    let certificateKey = try Command.run([
      "openssl", "x509", "-in", directory.file("leaf.pem"), "-noout", "-pubkey",
    ])
    let privateKey = try Command.run([
      "openssl", "pkey", "-in", directory.file("leaf.key"), "-pubout",
    ])
    #expect(certificateKey == privateKey)
  }

  @Test("Keys are written for their owner alone, certificates for everybody")
  func fileModes() throws {
    let directory = try TemporaryDirectory()
    let authority = try CertificateAuthority.create()
    try authority.write(
      certificateFile: directory.file("ca.pem"),
      privateKeyFile: directory.file("ca.key")
    )
    func mode(_ name: String) -> mode_t {
      var status = stat()
      return stat(directory.file(name), &status) == 0 ? status.st_mode & 0o777 : 0
    }
    #expect(mode("ca.key") == 0o600)
    #expect(mode("ca.pem") == 0o644)
  }

  @Test("An authority that was written and loaded goes on issuing under the same root")
  func writeAndLoad() throws {
    let directory = try TemporaryDirectory()
    let created = try CertificateAuthority.create(commonName: "Test CA")
    try created.write(
      certificateFile: directory.file("ca.pem"),
      privateKeyFile: directory.file("ca.key")
    )
    let loaded = try CertificateAuthority.load(
      certificateFile: directory.file("ca.pem"),
      privateKeyFile: directory.file("ca.key")
    )
    #expect(loaded.certificatePEM == created.certificatePEM)
    try loaded.issue(role: "writer", instance: "two")
      .write(certificateFile: directory.file("w.pem"), privateKeyFile: directory.file("w.key"))
    let verdict = try Command.run([
      "openssl", "verify", "-CAfile", directory.file("ca.pem"), directory.file("w.pem"),
    ])
    #expect(verdict.contains("OK"))
  }

  @Test("Loading refuses a leaf, another key, an expired authority and a missing file")
  func loadRefusals() throws {
    let directory = try TemporaryDirectory()
    let authority = try CertificateAuthority.create()
    try authority.write(
      certificateFile: directory.file("ca.pem"),
      privateKeyFile: directory.file("ca.key")
    )
    try authority.issue(role: "writer", instance: "one")
      .write(
        certificateFile: directory.file("leaf.pem"),
        privateKeyFile: directory.file("leaf.key")
      )
    try CertificateAuthority.create(validity: .init(notBefore: 1_000, notAfter: 2_000))
      .write(certificateFile: directory.file("old.pem"), privateKeyFile: directory.file("old.key"))
    func refusal(_ certificate: String, _ key: String) -> CryptoError? {
      do {
        _ = try CertificateAuthority.load(
          certificateFile: directory.file(certificate),
          privateKeyFile: directory.file(key)
        )
        return nil
      } catch { return error }
    }
    #expect(
      refusal("leaf.pem", "leaf.key")?.message.contains("not a certificate authority") == true
    )
    #expect(refusal("ca.pem", "leaf.key")?.message.contains("is not the key of") == true)
    #expect(refusal("old.pem", "old.key")?.message.contains("expired") == true)
    #expect(refusal("ca.pem", "absent.key")?.kind == .file)
    #expect(refusal("ca.key", "ca.key")?.kind == .format)
  }

  @Test("Serial numbers and keys differ from leaf to leaf")
  func serials() throws {
    let authority = try CertificateAuthority.create()
    let a = try authority.issue(role: "vault", instance: "one")
    let b = try authority.issue(role: "vault", instance: "one")
    #expect(a.certificatePEM != b.certificatePEM)
    #expect(a.privateKeyPEM != b.privateKeyPEM)
  }

  @Test(
    "Roles, hosts and addresses that could smuggle names in are refused",
    arguments: [
      ("vault:x", "one", "localhost", "127.0.0.1"), ("vault", "", "localhost", "127.0.0.1"),
      ("vault", "one", "a,DNS:b", "127.0.0.1"), ("vault", "one", "a..b", "127.0.0.1"),
      ("vault", "one", "localhost", "300.0.0.1"), ("vault", "one", "localhost", ""),
    ]
  )
  func badNames(role: String, instance: String, dns: String, address: String) throws {
    let authority = try CertificateAuthority.create()
    #expect(throws: CryptoError.self) {
      try authority.issue(
        role: role,
        instance: instance,
        dnsNames: [dns],
        ipAddresses: [address],
        days: 1
      )
    }
  }
}
