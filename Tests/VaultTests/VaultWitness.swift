import RPC
import SyncModel
import TestSupport
import Testing
import VaultAPI

/// A vault with something of everything in it, and what it must answer: what a thief with write access
/// to the database would like to change.
enum VaultWitness {
  /// What was stored, by name: to be released to this role.
  static let secrets: [(name: String, workspace: String, role: String, secret: String)] = [
    ("shop-db", "default", "orchestrator", "second password"),
    ("shop-db", "other", "orchestrator", "another workspace's"),
    ("bricks", "default", "orchestrator", "dapi-0123456789"),
    ("braze", "default", "writer", "rest-key-0123456789"),
  ]

  static func furnish(_ vault: VaultCaller) async throws {
    try await vault.put(password: "first password")
    try await vault.put(password: "second password")
    try await vault.put(password: "another workspace's", workspace: "other")
    for (name, kind) in [("bricks", CredentialKind.token), ("braze", .apiKey)] {
      let secret = try #require(secrets.first { $0.name == name }).secret
      _ = try await vault.asOperator.putCredential(
        PutCredentialRequest(
          workspace: "default",
          name: name,
          type: kind,
          secret: Array(secret.utf8)
        )
      )
    }
    for sync in ["orders", "customers"] {
      _ = try await vault.asOrchestrator.holdCredential(
        HoldCredentialRequest(workspace: "default", name: "shop-db", holder: sync)
      )
    }
    try await vault.putKeyPair()
    _ = try await vault.signSnowflake()
    try await vault.prove(1)
    try await vault.rotate()
    try await vault.putKeyPair("frost", username: "OTHER")
    _ = try await vault.signSnowflake("frost")
    try await vault.putSSHKeyPair(algorithm: "ed25519")
  }

  enum Answer: Equatable, CustomStringConvertible {
    case value(String)
    case refused(RPCCode)

    var description: String {
      switch self {
      case .value(let text): String(text.prefix(300))
      case .refused(let code): code.name
      }
    }
  }

  /// Everything that anybody is shown, call by call.
  static func shown(_ vault: VaultCaller) async -> [String: Answer] {
    var answers: [String: Answer] = [:]
    for workspace in ["default", "other"] {
      answers["list \(workspace)"] = await answer {
        "\(try await vault.list(workspace: workspace))"
      }
    }
    for (name, workspace) in [("shop-db", "default"), ("shop-db", "other"), ("snow", "default")] {
      answers["get \(name) of \(workspace)"] = await answer {
        "\(try await vault.get(name, workspace: workspace))"
      }
    }
    return answers
  }

  /// Everything that leaves the vault by its purpose.
  static func given(_ vault: VaultCaller) async -> [String: Answer] {
    var answers: [String: Answer] = [:]
    for (name, workspace, role, _) in secrets {
      answers["release \(name) of \(workspace)"] = await answer {
        let released = try await vault.client(as: role).releaseSecret(
          ReleaseSecretRequest(workspace: workspace, name: name, purpose: "p")
        )
        return "\(released.username) \(released.version) "
          + String(decoding: released.secret, as: UTF8.self)
      }
    }
    for (name, version) in [("snow", UInt32(1)), ("snow", 2), ("frost", 0)] {
      // The clock stands still, so that the same key makes the same token.
      answers["sign with key \(version) of \(name)"] = await answer {
        let signed = try await vault.signSnowflake(name, version: version)
        return "\(signed.token) \(signed.version) \(signed.otherVersions)"
      }
    }
    return answers
  }

  private static func answer(_ call: () async throws -> String) async -> Answer {
    do {
      return .value(try await call())
    } catch {
      return .refused((error as? RPCError)?.code ?? .unknown)
    }
  }
}
