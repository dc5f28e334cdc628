import Crypto
import RPC
import SyncModel
import TestSupport
import Testing
import Vault
import VaultAPI

/// What is signed, and for whom.
@Suite("Vault: signed tokens")
struct SigningTests {
  /// Account identifiers as users have them, and what a token says (warehouses.md, A.2).
  static let accounts = [
    ("xy12345", "XY12345"), ("xy12345.eu-west-1", "XY12345"), ("xy12345.eu-west-1.aws", "XY12345"),
    ("myorg-my_acct", "MYORG-MY_ACCT"), ("MyOrg-My_Acct", "MYORG-MY_ACCT"),
    ("xy12345-abc.global", "XY12345"), ("XY12345-ABC.GLOBAL", "XY12345"),
    ("myorg-acct.privatelink", "MYORG-ACCT"), ("xy12345.us-east-2.privatelink", "XY12345"),
  ]

  @Test("A Snowflake token says what Snowflake's guide asks for", arguments: accounts)
  func snowflake(identifier: String, account: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let put = try await vault.putKeyPair(username: "loader@corp.example")
      let credential = try #require(put.credential)
      let signed = try await vault.signSnowflake(account: identifier)
      let now = house.simulated.now.nanoseconds / 1_000_000_000
      let content = try OpenSSLKeys.content(of: signed.token)
      #expect(content.header == #"{"alg":"RS256","typ":"JWT"}"#)
      let subject = "\(account).LOADER@CORP.EXAMPLE"
      // A slash of base64 may be escaped in JSON or not: both are the same claim.
      #expect(
        content.claims.replacing("\\/", with: "/")
          == "{\"iss\":\"\(subject).\(credential.fingerprint)\",\"sub\":\"\(subject)\","
          + "\"iat\":\(now),\"exp\":\(now + 3540)}"
      )
      #expect(signed.issuedAt == now * 1_000_000_000)
      #expect(signed.expiresAt == (now + 3540) * 1_000_000_000)
      #expect(try OpenSSLKeys.verifies(signed.token, publicKey: credential.publicKey))
      let entry = try #require(try await vault.audited().last)
      #expect(entry.action == "sign snowflake token" && entry.purpose == "read")
      #expect(entry.runId == "run-7" && entry.detail.contains(subject))
    }
  }

  @Test(
    "What is no account is refused",
    arguments: [
      "", ".", "a b", "a/b", "https://xy12345.snowflakecomputing.com", "xy\u{e9}", "-abc.global",
      String(repeating: "a", count: 256), "xy12345\n",
    ]
  )
  func badAccount(identifier: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      let error = try await refusal { try await vault.signSnowflake(account: identifier) }
      #expect(error.code == .invalidArgument && error.reason == "invalid_account")
    }
  }

  @Test("A token lives an hour at most, and a minute at least")
  func lifetime() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair()
      for seconds: Int64 in [60, 3600] {
        let signed = try await vault.signSnowflake(lifetime: seconds)
        #expect(signed.expiresAt - signed.issuedAt == seconds * 1_000_000_000)
      }
      for seconds in [-1, 1, 59, 3601, Int64.max] {
        let error = try await refusal { try await vault.signSnowflake(lifetime: seconds) }
        #expect(error.code == .invalidArgument && error.reason == "invalid_lifetime")
      }
    }
  }

  @Test("A key pair without a username, and what is no key pair, sign nothing")
  func unsuitable() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putKeyPair(username: "")
      let nameless = try await refusal { try await vault.signSnowflake() }
      #expect(nameless.reason == "invalid_account" && nameless.message.contains("LOGIN_NAME"))
      try await vault.put(password: "p")
      let word = try await refusal { try await vault.signSnowflake("shop-db") }
      #expect(word.code == .failedPrecondition && word.reason == "credential_type")
      let google = try await refusal { try await vault.signGoogle("snow", scope: "s") }
      #expect(google.reason == "credential_type")
      let ssh = try await refusal { try await vault.signSSH("snow", SSHRequest().bytes) }
      #expect(ssh.reason == "credential_type")
      #expect(try await refusal { try await vault.signSnowflake("absent") }.code == .notFound)
    }
  }

  @Test("An SSH login is signed, and nothing else", arguments: ["ed25519", "rsa"])
  func ssh(algorithm: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let put = try await vault.putSSHKeyPair(algorithm: algorithm)
      let credential = try #require(put.credential)
      let words = credential.publicKey.split(separator: " ").map(String.init)
      #expect(words.count == 3 && words[2] == "sluice-default-tunnel")
      let directory = try TemporaryDirectory()
      try directory.keep(Array((credential.publicKey + "\n").utf8), as: "key.pub")
      let listed = try ChildProcess.run(["ssh-keygen", "-l", "-f", directory.file("key.pub")])
      #expect(listed.status == 0 && listed.output.contains(credential.fingerprint))

      let blob = try #require(Base64Text.decode(words[1]))
      var request = SSHRequest(blob: blob)
      let names = algorithm == "rsa" ? ["rsa-sha2-256", "rsa-sha2-512"] : ["ssh-ed25519"]
      for name in names {
        request.algorithm = name
        let signed = try await vault.signSSH("tunnel", request.bytes)
        #expect(signed.version == 1)
        #expect(try SSHVerdict.verifies(signed.signature, of: request, directory))
        var other = request
        other.session[0] ^= 1
        #expect(try !SSHVerdict.verifies(signed.signature, of: other, directory))
      }
      // As OpenSSH signs in at OpenSSH: with the server's key at the end.
      var bound = request
      bound.method = "publickey-hostbound-v00@openssh.com"
      bound.rest = SSHWire.string([1, 2, 3])
      let signed = try await vault.signSSH("tunnel", bound.bytes)
      #expect(try SSHVerdict.verifies(signed.signature, of: bound, directory))

      let refused: [(String, (inout SSHRequest) -> Void, RPCCode)] = [
        ("another user", { $0.user = "root" }, .permissionDenied),
        ("another service", { $0.service = "ssh-userauth" }, .invalidArgument),
        ("another method", { $0.method = "hostbased" }, .invalidArgument),
        ("another message", { $0.number = 51 }, .invalidArgument),
        ("SHA-1", { $0.algorithm = "ssh-rsa" }, .invalidArgument),
        ("another key", { $0.blob[$0.blob.count - 1] ^= 1 }, .notFound),
        ("something after it", { $0.rest = [0] }, .invalidArgument),
        (
          "bound to no server",
          {
            $0.method = "publickey-hostbound-v00@openssh.com"
            $0.rest = SSHWire.string([])
          }, .invalidArgument
        ),
        (
          "bound, and something after it",
          {
            $0.method = "publickey-hostbound-v00@openssh.com"
            $0.rest = SSHWire.string([1]) + [0]
          }, .invalidArgument
        ),
        ("bound without its server", { $0.rest = SSHWire.string([1]) }, .invalidArgument),
        ("no session", { $0.session = [] }, .invalidArgument),
        ("no flag", { $0.flag = 0 }, .invalidArgument),
      ]
      for (name, change, code) in refused {
        var changed = request
        change(&changed)
        let error = try await refusal { try await vault.signSSH("tunnel", changed.bytes) }
        #expect(error.code == code, "\(name): \(error.message)")
      }
      // SSHSIG, with which `ssh-keygen -Y sign` signs files and commits.
      let file = Array("SSHSIG".utf8) + request.bytes
      #expect(
        try await refusal { try await vault.signSSH("tunnel", file) }.code == .invalidArgument
      )
      #expect(try await refusal { try await vault.signSSH("tunnel", []) }.code == .invalidArgument)
      let entries = try await vault.audited().filter { $0.action == "sign ssh login" }
      #expect(entries.count == names.count + 1)
    }
  }

  @Test("An SSH pair rotates as key pairs do; both keys sign in between")
  func sshRotation() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.putSSHKeyPair(algorithm: "ed25519")
      try await vault.prove(1, "tunnel")
      let taken = try await refusal { try await vault.rotate("tunnel", secret: "x") }
      #expect(taken.reason == "invalid_secret")
      let shown = try await vault.rotate("tunnel")
      #expect(shown.states == "2 published, 1 active")
      for version: UInt32 in [1, 2] {
        let words = try #require(shown.key(version)).publicKey.split(separator: " ")
        let blob = try #require(Base64Text.decode(String(words[1])))
        let signed = try await vault.signSSH("tunnel", SSHRequest(blob: blob).bytes)
        #expect(signed.version == version)
      }
      try await vault.prove(2, "tunnel")
      #expect(try await vault.promote("tunnel").states == "2 active, 1 retiring")
    }
  }
}
