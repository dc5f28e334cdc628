import RPC
import SyncModel
import TestSupport
import Testing
import Vault
import VaultAPI

/// The real vault, both of its services: every method with every role.
@Suite("Vault: roles")
struct RoleTests {
  static let roles = [
    "operator", "orchestrator", "writer", "vault", "auditor", "root", "Operator", "operator ",
    // One letter that is canonically equivalent to another.
    "o\u{0301}perator", "",
  ]

  /// The table of docs/architecture.md, which `AccessTests` compares with the contracts.
  static let cells: [(path: String, roles: Set<String>)] =
    cells(
      "Vault",
      [
        "PutCredential": ["operator"], "GetCredential": ["operator", "orchestrator"],
        "ListCredentials": ["operator"], "DeleteCredential": ["operator"],
        "HoldCredential": ["orchestrator"], "DropCredential": ["orchestrator"],
        "RotateKey": ["operator"], "ProveKey": ["orchestrator"], "PromoteKey": ["operator"],
        "DestroyKey": ["operator"], "ReleaseSecret": ["orchestrator", "writer"],
        "SignSnowflakeToken": ["orchestrator"], "SignGoogleAssertion": ["orchestrator"],
        "SignSSHUserAuth": ["orchestrator"],
      ]
    )
    + cells(
      "VaultOperations",
      [
        "GetVaultStatus": ["operator"], "SealVault": ["operator"], "UnsealVault": ["operator"],
        "AddMasterKey": ["operator"], "FinishMasterKey": ["operator"],
        "RotateRootKey": ["operator"], "VerifyVault": ["operator"], "BackupVault": ["operator"],
        "RestoreVault": ["operator"], "ListAudit": ["operator"],
      ]
    )

  private static func cells(
    _ service: String,
    _ methods: [String: Set<String>]
  ) -> [(path: String, roles: Set<String>)] {
    methods.sorted { $0.key < $1.key }.map { ("/sluice.vault.v1.\(service)/\($0.key)", $0.value) }
  }

  @Test("Every method lets exactly its roles pass; a refused call leaves no trace")
  func matrix() async throws {
    for (path, allowed) in Self.cells {
      let house = try VaultHouse()
      try await house.run { vault in
        #expect(vault.router.paths == Set(Self.cells.map(\.path)))
        let before = try await vault.operations.getVaultStatus(GetVaultStatusRequest())
        for role in Self.roles where !allowed.contains(role) {
          #expect(
            await Self.call(path, of: vault, as: role) == .permissionDenied,
            "\(path) as \"\(role)\""
          )
        }
        #expect(await Self.call(path, of: vault, as: nil) == .unauthenticated, "\(path)")
        #expect(try await vault.operations.getVaultStatus(GetVaultStatusRequest()) == before)
        for role in allowed {
          let code = await Self.call(path, of: vault, as: role)
          #expect(code != .permissionDenied && code != .unauthenticated, "\(path) as \"\(role)\"")
        }
      }
    }
  }

  static let releasable: [(CredentialKind, role: String)] = [
    (.password, "orchestrator"), (.token, "orchestrator"), (.oauthClient, "orchestrator"),
    (.smtp, "orchestrator"), (.apiKey, "writer"),
  ]

  @Test("A secret goes to the one service that signs in with it", arguments: releasable)
  func release(kind: CredentialKind, owner: String) async throws {
    let house = try VaultHouse()
    try await house.run { vault in
      let put = PutCredentialRequest(
        workspace: "default",
        name: "c",
        type: kind,
        username: "u",
        secret: Array("s".utf8)
      )
      _ = try await vault.asOperator.putCredential(put)
      let request = ReleaseSecretRequest(workspace: "default", name: "c", purpose: "p")
      for role in ["operator", "orchestrator", "writer", "vault", ""] where role != owner {
        let error = try await refusal { try await vault.client(as: role).releaseSecret(request) }
        #expect(error.code == .permissionDenied, "\(role)")
      }
      #expect(!house.log.lines.contains { $0.contains("released a secret") })
      let released = try await vault.client(as: owner).releaseSecret(request)
      #expect(released.secret == Array("s".utf8))
      #expect(released.type == kind)
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

  /// The code that a call with one empty message ends with.
  private static func call(
    _ path: String,
    of vault: VaultCaller,
    as role: String?
  ) async -> RPCCode {
    let peer = role.map { PeerIdentity(role: $0, instance: "1") }
    let transport = InProcessTransport(router: vault.router, peer: peer)
    do {
      try await transport.withCall(path: path, options: CallOptions()) { call in
        // A refused call takes no message.
        try? await call.send([])
        try await call.finishSending()
        while try await call.receive() != nil {}
      }
      return .ok
    } catch {
      return (error as? RPCError)?.code ?? .unknown
    }
  }
}
