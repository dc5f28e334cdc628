import Crypto
import RPC
import SyncModel
import TestSupport
import Testing
import Vault
import VaultAPI

/// Google's JSON key files, and what is signed with them (warehouses.md, C.1).
@Suite("Vault: service accounts")
struct ServiceAccountTests {
  private static let email = "loader@project-1.iam.gserviceaccount.com"

  /// A key file, with fields replaced or left out.
  private static func file(
    _ changes: [String: String?] = [:],
    newline: String = "\\n"
  ) throws -> String {
    let pem = try KeyImportTests.pem.get()
    var fields: [String: String?] = [
      "type": "service_account", "project_id": "project-1", "private_key_id": "abc123",
      "private_key": pem.split(separator: "\n").map { $0 + newline }.joined(),
      "client_email": email, "client_id": "1234567890",
      "auth_uri": "https://accounts.google.com/o/oauth2/auth",
      "token_uri": "https://oauth2.googleapis.com/token", "universe_domain": "googleapis.com",
    ]
    for (name, value) in changes { fields[name] = .some(value) }
    let members = fields.sorted { $0.key < $1.key }.compactMap { name, value in
      value.map { "  \"\(name)\": \"\($0)\"" }
    }
    return "{\n" + members.joined(separator: ",\n") + "\n}\n"
  }

  private static func put(
    _ vault: VaultCaller,
    _ file: String,
    username: String = ""
  ) async throws -> PutCredentialResponse {
    try await vault.asOperator.putCredential(
      PutCredentialRequest(
        workspace: "default",
        name: "bq",
        type: .serviceAccount,
        username: username,
        secret: Array(file.utf8)
      )
    )
  }

  @Test(
    "The key is read whatever became of its line breaks",
    arguments: ["\\n", "\\r\\n", "\\\\n", "\\\\r\\\\n"]
  )
  func lineBreaks(newline: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let put = try await Self.put(vault, try Self.file(newline: newline))
      let credential = try #require(put.credential)
      #expect(put.change == .created)
      #expect(credential.username == Self.email)
      #expect(
        credential.details == [
          "client_email": Self.email, "project_id": "project-1", "private_key_id": "abc123",
          "token_uri": "https://oauth2.googleapis.com/token",
        ]
      )
      let pem = try KeyImportTests.pem.get()
      #expect(credential.publicKey == (try OpenSSLKeys.convert(pem, "pkey", "-pubout")))
      let signed = try await vault.signGoogle("bq", scope: "s")
      #expect(try OpenSSLKeys.verifies(signed.token, publicKey: credential.publicKey))
      // The same key in another spelling is the same credential.
      #expect(try await Self.put(vault, try Self.file()).change == .unchanged)
    }
  }

  @Test("An assertion says what Google's own libraries say")
  func assertion() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      _ = try await Self.put(vault, try Self.file())
      let scope = "https://www.googleapis.com/auth/bigquery"
      let signed = try await vault.signGoogle("bq", scope: scope)
      let now = house.simulated.now.nanoseconds / 1_000_000_000
      let content = try OpenSSLKeys.content(of: signed.token)
      #expect(content.header == #"{"alg":"RS256","typ":"JWT","kid":"abc123"}"#)
      #expect(
        content.claims.replacing("\\/", with: "/")
          == "{\"iss\":\"\(Self.email)\",\"scope\":\"\(scope)\","
          + "\"aud\":\"https://oauth2.googleapis.com/token\",\"iat\":\(now),\"exp\":\(now + 3600)}"
      )
      #expect(signed.tokenUri == "https://oauth2.googleapis.com/token")
      #expect(signed.projectId == "project-1")

      // AIP-4111: the token itself, for one API.
      let own = try await vault.signGoogle("bq", audience: "https://bigquery.googleapis.com/")
      let claims = try OpenSSLKeys.content(of: own.token).claims.replacing("\\/", with: "/")
      #expect(
        claims == "{\"iss\":\"\(Self.email)\",\"sub\":\"\(Self.email)\","
          + "\"aud\":\"https://bigquery.googleapis.com/\",\"iat\":\(now),\"exp\":\(now + 3600)}"
      )
      for (scope, audience) in [("", ""), ("s", "a")] {
        let error = try await refusal {
          try await vault.signGoogle("bq", scope: scope, audience: audience)
        }
        #expect(error.reason == "invalid_scope")
      }
      let forged = try await refusal { try await vault.signGoogle("bq", scope: "a\nb") }
      #expect(forged.code == .invalidArgument)
      // The key itself stays.
      let released = try await refusal { try await vault.release("bq") }
      #expect(released.reason == "key_never_leaves")
    }
  }

  static let refused: [(name: String, changes: [String: String?], says: String)] = [
    ("another host", ["token_uri": "https://evil.example/token"], "SLUICE_TOKEN_HOSTS"),
    ("http", ["token_uri": "http://oauth2.googleapis.com/token"], "token_uri"),
    (
      "userinfo", ["token_uri": "https://oauth2.googleapis.com@evil.example/token"], "token_uri"
    ),
    (
      "a host that only begins so",
      ["token_uri": "https://oauth2.googleapis.com.evil.example/token"], "token_uri"
    ),
    ("a backslash", ["token_uri": "https://evil.example\\\\@oauth2.googleapis.com/t"], "token_uri"),
    ("another port", ["token_uri": "https://oauth2.googleapis.com:8443/token"], "token_uri"),
    ("no URL", ["token_uri": "oauth2.googleapis.com"], "token_uri"),
    ("another scheme", ["token_uri": "file:///etc/passwd"], "token_uri"),
    ("a line break", ["token_uri": "https://oauth2.googleapis.com/\\nx"], "token_uri"),
    ("no type", ["type": nil], "\"type\""),
    ("a user's file", ["type": "authorized_user"], "service_account"),
    ("no email", ["client_email": nil], "client_email"),
    ("an empty email", ["client_email": ""], "client_email"),
    ("no key id", ["private_key_id": nil], "private_key_id"),
    ("no token_uri", ["token_uri": nil], "token_uri"),
    ("no key", ["private_key": nil], "private_key"),
    ("no PEM", ["private_key": "x"], "private_key"),
    ("a line break in the email", ["client_email": "a\\nb"], "client_email"),
  ]

  @Test(
    "A file that cannot be right is refused, and the answer names the field",
    arguments: refused
  )
  func refusals(name: String, changes: [String: String?], says: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let error = try await refusal { try await Self.put(vault, try Self.file(changes)) }
      #expect(error.code == .invalidArgument)
      #expect(["invalid_service_account", "invalid_text"].contains(error.reason))
      #expect(error.message.contains(says), "\(error.message)")
      #expect(try await vault.list().isEmpty)
    }
  }

  @Test(
    "What is no JSON object is refused",
    arguments: ["", "{", "[]", "null", "{\"type\": 1}", "x", "{\"type\":\"service_account\"}{}"]
  )
  func noJSON(text: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let error = try await refusal { try await Self.put(vault, text) }
      #expect(error.code == .invalidArgument)
      #expect(["invalid_service_account", "invalid_secret"].contains(error.reason))
    }
  }

  @Test("An operator may allow a token endpoint of another host, with its port")
  func allowedHost() async throws {
    let house = try VaultHouse()
    let settings = CredentialVault.Settings(tokenHosts: ["127.0.0.1:8443", "sts.corp.example"])
    try await house.withVault(settings: settings) { _, vault, _ in
      for uri in ["http://127.0.0.1:8443/token", "https://sts.corp.example/token"] {
        _ = try await Self.put(vault, try Self.file(["token_uri": uri]))
        let signed = try await vault.signGoogle("bq", scope: "s")
        #expect(signed.tokenUri == uri)
        // What is not Google's is its own audience.
        let claims = try OpenSSLKeys.content(of: signed.token).claims
        #expect(claims.replacing("\\/", with: "/").contains("\"aud\":\"\(uri)\""))
      }
      for uri in ["http://127.0.0.1:8444/token", "https://x.sts.corp.example/token"] {
        let error = try await refusal {
          try await Self.put(vault, try Self.file(["token_uri": uri]))
        }
        #expect(error.reason == "invalid_service_account")
      }
    }
  }

  @Test("Another file takes the place of the first, at once")
  func replaced() async throws {
    let house = try VaultHouse()
    let other = try OpenSSLKeys.rsa()
    try await house.run { vault in
      _ = try await Self.put(vault, try Self.file())
      let changes = [
        "private_key": other.split(separator: "\n").map { $0 + "\\n" }.joined(),
        "private_key_id": "def456",
      ]
      let put = try await Self.put(vault, try Self.file(changes))
      #expect(put.change == .updated && put.credential?.version == 2)
      #expect(put.credential?.details["private_key_id"] == "def456")
      let signed = try await vault.signGoogle("bq", scope: "s")
      #expect(try OpenSSLKeys.content(of: signed.token).header.contains("def456"))
      let publicKey = try OpenSSLKeys.convert(other, "pkey", "-pubout")
      #expect(try OpenSSLKeys.verifies(signed.token, publicKey: publicKey))
      #expect(try await vault.problems().isEmpty)
    }
  }
}
