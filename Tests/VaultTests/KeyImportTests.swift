import Crypto
import RPC
import SyncModel
import Testing
import VaultAPI
import Wire

/// Private keys that an operator brings along.
@Suite("Vault: keys that are taken over")
struct KeyImportTests {
  static let pem = Result { try OpenSSLKeys.rsa() }

  static let forms: [(String, [String], passphrase: String)] = [
    ("PKCS#8", ["pkey"], ""),
    ("PKCS#1", ["rsa", "-traditional"], ""),
    ("PKCS#8, PBKDF2 and AES", ["pkcs8", "-topk8", "-v2", "aes-256-cbc"], "right horse"),
    (
      "PKCS#8, 100,000 rounds of SHA-512",
      ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", "100000"],
      "right horse"
    ),
    ("PKCS#8, 3DES", ["pkcs8", "-topk8", "-v2", "des3"], "right horse"),
    ("PKCS#8, scrypt", ["pkcs8", "-topk8", "-scrypt"], "right horse"),
  ]

  @Test("Each form is taken, has openssl's fingerprint, and signs", arguments: forms)
  func form(name: String, command: [String], passphrase: String) async throws {
    let plain = try Self.pem.get()
    let pem = try Self.converted(plain, command, passphrase)
    let house = try VaultHouse()
    try await house.run { vault in
      let put = try await vault.importKeyPair(pem, passphrase: passphrase)
      let credential = try #require(put.credential)
      #expect(put.change == .created)
      #expect(credential.states == "1 published")
      #expect(credential.fingerprint == (try OpenSSLKeys.fingerprint(of: plain)))
      #expect(credential.publicKey == (try OpenSSLKeys.convert(plain, "pkey", "-pubout")))
      let token = try await vault.signSnowflake()
      #expect(try OpenSSLKeys.verifies(token.token, publicKey: credential.publicKey))
      #expect(try await vault.importKeyPair(pem, passphrase: passphrase).change == .unchanged)
      #expect(try await vault.importKeyPair(plain).change == .unchanged)
    }
  }

  @Test("Line breaks of Windows and text around the key do no harm")
  func surroundings() async throws {
    let house = try VaultHouse()
    let plain = try Self.pem.get()
    try await house.run { vault in
      let windows = plain.split(separator: "\n").map { "\($0)\r\n" }.joined()
      try await vault.importKeyPair("Bag Attributes\r\n    name: loader\r\n" + windows + "\r\n")
      #expect(
        try await vault.get("snow").fingerprint == (try OpenSSLKeys.fingerprint(of: plain))
      )
    }
  }

  @Test("Another key in the place of the first is refused; by rotation it is the next one")
  func replacement() async throws {
    let house = try VaultHouse()
    let (first, second) = (try Self.pem.get(), try OpenSSLKeys.rsa(bits: 3072))
    let locked = try Self.converted(
      second,
      ["pkcs8", "-topk8", "-v2", "aes-256-cbc"],
      "right horse"
    )
    try await house.run { vault in
      try await vault.importKeyPair(first)
      try await vault.prove(1)
      let put = try await refusal { try await vault.importKeyPair(second) }
      #expect(put.code == .failedPrecondition && put.reason == "key_pair_is_fixed")

      let reused = try await refusal { try await vault.rotate(secret: first) }
      #expect(reused.code == .invalidArgument && reused.reason == "key_reused")
      let shown = try await vault.rotate(secret: locked, passphrase: "right horse")
      #expect(shown.states == "2 published, 1 active")
      #expect(shown.key(2)?.fingerprint == (try OpenSSLKeys.fingerprint(of: second)))
      #expect(shown.key(2)?.bits == 3072 && shown.key(2)?.slot == 2)
      let more = try await refusal { try await vault.rotate(secret: first) }
      #expect(more.reason == "rotation_under_way")
      try await vault.prove(2)
      try await vault.promote()
      let token = try await vault.signSnowflake()
      #expect(
        try OpenSSLKeys.verifies(
          token.token,
          publicKey: OpenSSLKeys.convert(second, "pkey", "-pubout")
        )
      )
    }
  }

  /// What is no key for us, and a word of the answer that says why.
  static func refused() throws -> [(name: String, pem: String, passphrase: String, says: String)] {
    let plain = try pem.get()
    let locked = try converted(plain, ["pkcs8", "-topk8", "-v2", "aes-256-cbc"], "right horse")
    let elliptic = try OpenSSLKeys.run(
      "genpkey",
      "-quiet",
      "-algorithm",
      "EC",
      "-pkeyopt",
      "ec_paramgen_curve:P-256"
    )
    return [
      ("wrong passphrase", locked, "wrong horse", "passphrase"),
      ("no passphrase", locked, "", "give its passphrase"),
      ("passphrase for nothing", plain, "right horse", "is not encrypted"),
      ("1024 bits", try OpenSSLKeys.rsa(bits: 1024), "", "1024 bits"),
      ("elliptic curve", elliptic, "", "not an RSA key"),
      (
        "Ed25519", try OpenSSLKeys.run("genpkey", "-quiet", "-algorithm", "ED25519"), "",
        "not an RSA key"
      ),
      ("public half", try OpenSSLKeys.convert(plain, "pkey", "-pubout"), "", "private key"),
      (
        "PBES1", try converted(plain, ["pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"], "right horse"),
        "right horse", "convert it"
      ),
      (
        "PKCS#1, encrypted",
        try converted(plain, ["rsa", "-traditional", "-aes256"], "right horse"), "right horse",
        "openssl pkcs8 -topk8"
      ),
      ("a bomb of PBKDF2", Bomb.pbkdf2(rounds: 1_000_000_000), "x", "1000000000 rounds"),
      ("no number of rounds", Bomb.pbkdf2(rounds: -1), "x", "rounds"),
      ("a bomb of scrypt", Bomb.scrypt(cost: 1 << 30), "x", "rounds"),
      ("64 KiB of nothing", String(repeating: "x", count: 65_536), "", "at most"),
      ("32 KiB of nothing", String(repeating: "x", count: 32_768), "", "private key"),
      ("one byte", "x", "", "private key"),
      ("cut short", String(plain.prefix(plain.utf8.count / 2)), "", "private key"),
      ("another key's halves", try Mismatched.pem(), "", "do not belong together"),
    ]
  }

  @Test(
    "What is no key, too weak, or meant to take hours is refused at once",
    .timeLimit(.minutes(2))
  )
  func refusals() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.importKeyPair(Self.pem.get(), "known")
      try await vault.prove(1, "known")
      let lonely = try await refusal { try await vault.rotate("known", passphrase: "x") }
      #expect(lonely.reason == "invalid_secret")
      for (name, pem, passphrase, says) in try Self.refused() {
        let put = try await refusal {
          try await vault.importKeyPair(pem, passphrase: passphrase, "bad")
        }
        let rotation = try await refusal {
          try await vault.rotate("known", secret: pem, passphrase: passphrase)
        }
        for error in [put, rotation] {
          #expect(error.code == .invalidArgument, "\(name)")
          #expect(error.reason == "invalid_key", "\(name)")
          #expect(error.message.contains(says), "\(name): \(error.message)")
          #expect(!error.message.contains("horse"), "\(name)")
        }
      }
      #expect(try await vault.list().map(\.name) == ["known"])
      #expect(try await vault.get("known").states == "1 active")
    }
    #expect(!house.log.lines.contains { $0.contains("horse") || $0.contains("PRIVATE") })
  }

  @Test("No answer of the vault holds a private key, and every way to get one out is refused")
  func neverOut() async throws {
    let house = try VaultHouse()
    let plain = try Self.pem.get()
    // Every line of the key's body, and its bytes.
    let lines = plain.split(separator: "\n").filter { !$0.hasPrefix("-") }.map { Array($0.utf8) }
    try await house.run { vault in
      try await vault.importKeyPair(plain)
      try await vault.prove(1)
      for role in ["orchestrator", "writer"] {
        let error = try await refusal {
          try await vault.client(as: role).releaseSecret(
            ReleaseSecretRequest(workspace: "default", name: "snow", purpose: "p")
          )
        }
        #expect(error.reason == "key_never_leaves")
      }
      var answers: [[UInt8]] = []
      answers.append(try await vault.get("snow").wireBytes())
      answers += try await vault.list().map { $0.wireBytes() }
      answers.append(try await vault.rotate().wireBytes())
      answers.append(try await vault.signSnowflake().wireBytes())
      answers += try await vault.audited().map { $0.wireBytes() }
      let backup = try await vault.operations.backupVault(BackupVaultRequest()) { reader in
        var all: [UInt8] = []
        while let chunk = try await reader.next() { all += chunk.data }
        return all
      }
      answers.append(backup)
      let decoded = lines.compactMap { Base64Text.decode(String(decoding: $0, as: UTF8.self)) }
      #expect(decoded.count == lines.count && lines.count > 20)
      for answer in answers {
        #expect(!answer.contains(Array("PRIVATE".utf8)))
        // The first line is the same for every key of this size.
        for line in lines.dropFirst() + decoded.dropFirst() { #expect(!answer.contains(line)) }
      }
    }
  }

  private static func converted(
    _ pem: String,
    _ command: [String],
    _ passphrase: String
  ) throws -> String {
    let directory = try TemporaryKey(pem)
    let secret = passphrase.isEmpty ? [] : ["-passout", "pass:\(passphrase)"]
    return try OpenSSLKeys.run([command[0], "-in", directory.file] + command.dropFirst() + secret)
  }
}
