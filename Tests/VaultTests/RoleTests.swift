import RPC
import Testing
import VaultAPI

@Suite("Vault: roles")
struct RoleTests {
  enum Method: String, CaseIterable, Sendable { case put, get, list, release }

  /// Everything that is allowed; each other cell must be denied.
  static let allowed: [Method: Set<String>] = [
    .put: ["operator"], .get: ["operator", "orchestrator"], .list: ["operator"],
    .release: ["orchestrator", "writer"],
  ]
  static let roles = ["operator", "orchestrator", "writer", "vault", "Operator", "root", ""]

  @Test("Every method lets exactly its roles pass", arguments: Method.allCases, roles)
  func cell(method: Method, role: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      try await vault.put(password: "p")
      let client = vault.client(as: role)
      if Self.allowed[method]?.contains(role) == true {
        try await Self.call(method, client)
      } else {
        let error = try await refusal { try await Self.call(method, client) }
        #expect(error.code == .permissionDenied)
      }
    }
    #expect(
      house.log.lines.contains { $0.contains("released a secret") }
        == (method == .release && Self.allowed[.release]?.contains(role) == true)
    )
  }

  @Test("Without a certificate nothing is answered", arguments: Method.allCases)
  func anonymous(method: Method) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let error = try await refusal { try await Self.call(method, vault.client(as: nil)) }
      #expect(error.code == .unauthenticated)
    }
  }

  @Test("The refusal comes before anything about a credential shows")
  func refusalFirst() async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let error = try await refusal {
        try await vault.client(as: "writer").getCredential(
          GetCredentialRequest(workspace: "default", name: "absent")
        )
      }
      #expect(error.code == .permissionDenied)
    }
  }

  private static func call(_ method: Method, _ client: VaultClient) async throws {
    switch method {
    case .put:
      _ = try await client.putCredential(
        PutCredentialRequest(
          workspace: "default",
          name: "new",
          type: .password,
          secret: Array("q".utf8)
        )
      )
    case .get:
      _ = try await client.getCredential(
        GetCredentialRequest(workspace: "default", name: "shop-db")
      )
    case .list:
      try await client.listCredentials(ListCredentialsRequest(workspace: "default")) { reader in
        while try await reader.next() != nil {}
      }
    case .release:
      _ = try await client.releaseSecret(
        ReleaseSecretRequest(workspace: "default", name: "shop-db", purpose: "p")
      )
    }
  }
}
