import RPC
import SyncModel
import Testing
import VaultAPI

/// The kinds of credentials that are kept as they are, and what each must have.
@Suite("Vault: kinds of credentials")
struct KindTests {
  static func request(
    _ kind: CredentialKind,
    _ secret: String,
    username: String = "u",
    keyBits: UInt32 = 0,
    passphrase: String = "",
    algorithm: String = ""
  ) -> PutCredentialRequest {
    PutCredentialRequest(
      workspace: "default",
      name: "c",
      type: kind,
      username: username,
      secret: Array(secret.utf8),
      keyBits: keyBits,
      passphrase: Array(passphrase.utf8),
      algorithm: algorithm
    )
  }

  static let kept: [PutCredentialRequest] = [
    request(.token, "dapi0123456789abcdef"), request(.token, "t", username: ""),
    request(.apiKey, "00000000-0000-4000-8000-000000000000", username: ""),
    request(.oauthClient, "dose0123", username: "client-id"),
    request(.smtp, "p\u{e4}ss w\u{f6}rd\n", username: "mailer"),
    request(.password, " spaces kept "),
  ]

  @Test("A secret comes back as it went in, and a new one takes its place", arguments: kept)
  func stored(request: PutCredentialRequest) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let created = try await vault.asOperator.putCredential(request)
      #expect(created.change == .created && created.credential?.type == request.type)
      #expect(created.credential?.keys.isEmpty == true && created.credential?.publicKey == "")
      #expect(try await vault.asOperator.putCredential(request).change == .unchanged)
      var other = request
      other.secret = Array("other".utf8)
      #expect(try await vault.asOperator.putCredential(other).credential?.version == 2)
      let role = request.type == .apiKey ? "writer" : "orchestrator"
      let released = try await vault.client(as: role).releaseSecret(
        ReleaseSecretRequest(workspace: "default", name: "c", purpose: "p")
      )
      #expect(
        released
          == ReleasedSecret(
            type: request.type,
            username: request.username,
            secret: Array("other".utf8),
            version: 2
          )
      )
      #expect(try await vault.problems().isEmpty)
    }
    // The secret that was replaced is of no use but to a thief.
    #expect(try await house.select("SELECT version FROM secret_version", columns: 1) == [["2"]])
  }

  static let unfit: [(PutCredentialRequest, String)] = [
    (request(.token, ""), "invalid_secret"), (request(.token, "a b"), "invalid_secret"),
    (request(.token, "a\r\nX-Evil: 1"), "invalid_secret"),
    (request(.token, "t\u{e9}"), "invalid_secret"), (request(.apiKey, "k\n"), "invalid_secret"),
    (request(.oauthClient, "s", username: ""), "invalid_username"),
    (request(.oauthClient, "s\u{0}"), "invalid_secret"),
    (request(.smtp, "p", username: ""), "invalid_username"),
    (request(.smtp, "", username: "mailer"), "invalid_secret"),
    (request(.password, "p", passphrase: "x"), "invalid_secret"),
    (request(.token, "t", keyBits: 2048), "invalid_secret"),
    (request(.password, "p", algorithm: "rsa"), "invalid_secret"),
    (request(.sshKeyPair, "mine"), "invalid_secret"),
    (request(.sshKeyPair, "", algorithm: "dsa"), "invalid_algorithm"),
    (request(.sshKeyPair, "", keyBits: 3072), "invalid_key_bits"),
    (request(.sshKeyPair, "", keyBits: 1024, algorithm: "rsa"), "invalid_key_bits"),
    (request(.keyPair, "", passphrase: "x"), "invalid_secret"),
    (request(.keyPair, "pem", keyBits: 2048), "invalid_secret"),
    (request(.serviceAccount, ""), "invalid_secret"),
    (request(.token, String(repeating: "t", count: 65_537)), "invalid_secret"),
  ]

  @Test("A secret that its service could not take is refused, by its reason", arguments: unfit)
  func refused(request: PutCredentialRequest, reason: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let error = try await refusal { try await vault.asOperator.putCredential(request) }
      #expect(error.code == .invalidArgument)
      #expect(error.reason == reason, "\(error.message)")
      let secret = String(decoding: request.secret, as: UTF8.self)
      #expect(secret.utf8.count < 4 || !error.message.contains(secret))
      #expect(try await vault.list().isEmpty)
    }
  }

  @Test("Every pair of kinds is told apart: a credential never changes its kind")
  func kindIsFixed() async throws {
    let house = try VaultHouse()
    let kinds = CredentialKind.allCases.filter { $0 != .unspecified && $0 != .serviceAccount }
    try await house.run { vault in
      for kind in kinds {
        var request = Self.request(kind, kind == .keyPair || kind == .sshKeyPair ? "" : "s")
        request.name = kind.name ?? ""
        _ = try await vault.asOperator.putCredential(request)
        for other in kinds where other != kind {
          var changed = Self.request(other, other == .keyPair || other == .sshKeyPair ? "" : "s")
          changed.name = request.name
          let error = try await refusal { try await vault.asOperator.putCredential(changed) }
          #expect(error.reason == "type_is_fixed", "\(kind) to \(other): \(error.message)")
        }
      }
      #expect(try await vault.list().count == kinds.count)
    }
  }
}
