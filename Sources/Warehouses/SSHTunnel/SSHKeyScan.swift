import SyncModel

/// Asks a bastion for its host keys, as `ssh-keyscan` does: without a login.
struct SSHKeyScan: Sendable {
  private let bastion: SSHBastion
  private let environment: SSHTunnel.Environment

  init(_ bastion: SSHBastion, _ environment: SSHTunnel.Environment) {
    self.bastion = bastion
    self.environment = environment
  }

  /// The whole key that the operator confirmed. A pinned line is that already; of a fingerprint the
  /// bastion is asked for the key, and `ssh` then takes no other.
  /// - Throws: `Failure` `tunnel_host_key_unknown`, `tunnel_host_key_changed`, `tunnel_unreachable`.
  func confirmedKey() async throws -> SSHPublicKey {
    switch bastion.hostKey {
    case .key(let key): return key
    case .fingerprint(let wanted):
      let keys = try await keys()
      if let key = keys.first(where: { $0.fingerprint == wanted }) { return key }
      throw SSHFailure.changed(bastion, keys)
    case nil: throw SSHFailure.unknown(bastion, try await keys())
    }
  }

  /// That the key is another one, with what is there now where the bastion says it.
  func changed() async -> Failure { SSHFailure.changed(bastion, (try? await keys()) ?? []) }

  private func keys() async throws -> [SSHPublicKey] {
    let child = try SSHChild(
      environment.keyScan,
      ["-T", "10", "-p", String(bastion.port), "-t", "ed25519,ecdsa,rsa", "--", bastion.host]
    )
    var lines: [String] = []
    // Ends with the child, or with a cancellation: then the child may not even have been started yet.
    for await case .line(let line) in child.events where lines.count < 100 { lines.append(line) }
    await child.end()
    try Task.checkCancellation()
    // A comment line says which version answered.
    let keys = lines.filter { !$0.hasPrefix("#") }.compactMap { SSHPublicKey(line: $0) }
    guard !keys.isEmpty else { throw SSHFailure.notIn(lines, bastion) }
    return keys
  }
}
