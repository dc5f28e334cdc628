import SyncModel

/// What OpenSSH 9 prints, as failures for people. It has an exit code for everything, 255, and its texts
/// in English: its locale is ours to set.
enum SSHFailure {
  static let portTaken = "tunnel_port_taken"
  static let hostKeyChanged = "tunnel_host_key_changed"

  /// Of a child that ended before the port listened.
  static func notIn(_ lines: [String], _ bastion: SSHBastion) -> Failure {
    let place = "bastion \(bastion.place)"
    func first(_ words: String...) -> String? {
      lines.last { line in words.contains { line.contains($0) } }
    }
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(
        code,
        message,
        recovery: recovery,
        cause: spoken(lines).suffix(5).joined(separator: "; ")
      )
    }
    if first(
      "HOST IDENTIFICATION HAS CHANGED",
      "Host key verification failed",
      "no matching host key"
    )
      != nil
    {
      return failure(hostKeyChanged, "the host key of \(place) is another", .needsOperator)
    }
    if first(
      "Address already in use",
      "cannot listen to port",
      "Could not request local forwarding"
    )
      != nil
    {
      return failure(
        portTaken,
        "another process took the tunnel's port on this machine, three times in a row; try again",
        .retry
      )
    }
    if first("Permission denied") != nil {
      return failure(
        "tunnel_key_refused",
        """
        \(place) does not let "\(bastion.user)" in with the vault's key: append its public key to \
        ~\(bastion.user)/.ssh/authorized_keys there: \(bastion.publicKey.line)
        """,
        .needsOperator
      )
    }
    if first("Could not resolve hostname", "Name or service not known") != nil {
      return failure(
        "tunnel_host_not_found",
        "the host of \(place) was not found; check \"tunnel_host\"",
        .needsOperator
      )
    }
    if let line = first("setpriv", "No such file or directory") {
      return failure(
        "ssh_unavailable",
        "ssh cannot be started on the orchestrator's machine (packages openssh-client, util-linux): \(line)",
        .needsOperator
      )
    }
    let line = first("onnection refused", "timed out", "No route", "unreachable", "closed", "reset")
    return failure(
      "tunnel_unreachable",
      """
      \(place) cannot be reached: \(line ?? spoken(lines).last ?? "it showed no host key"); check \
      "tunnel_host" and "tunnel_port", and let this machine's address in at the bastion
      """,
      .retry
    )
  }

  /// nil while no channel has been refused.
  static func refusedChannel(
    _ lines: [String],
    _ bastion: SSHBastion,
    _ target: String
  ) -> Failure? {
    guard let line = lines.last(where: { $0.contains("open failed:") }) else { return nil }
    let reason = line.firstRange(of: "open failed: ").map { String(line[$0.upperBound...]) } ?? line
    let advice =
      reason.contains("prohibited")
      ? "its sshd forbids forwarding: allow it with AllowTcpForwarding and PermitOpen"
      : "let the bastion in at the cluster's security group, and check \"host\" and \"port\" from there"
    return Failure(
      "tunnel_cluster_unreachable",
      "bastion \(bastion.place) is there, but cannot reach \(target): \(reason); \(advice)",
      recovery: .retry,
      cause: line
    )
  }

  static func lost(_ lines: [String], _ bastion: SSHBastion) -> Failure {
    Failure(
      "tunnel_lost",
      """
      the tunnel through bastion \(bastion.place) was lost: \(spoken(lines).last ?? "ssh has ended"); it is \
      made again by itself; where that recurs, look into the log of the bastion's sshd
      """,
      recovery: .reconnect,
      cause: spoken(lines).suffix(5).joined(separator: "; ")
    )
  }

  static func unknown(_ bastion: SSHBastion, _ keys: [SSHPublicKey]) -> Failure {
    Failure(
      "tunnel_host_key_unknown",
      """
      the host key of bastion \(bastion.place) is not confirmed yet. It shows \(listed(keys)). Compare \
      with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the bastion itself, then \
      set "tunnel_host_key" to the one that is right
      """,
      recovery: .needsOperator
    )
  }

  static func changed(_ bastion: SSHBastion, _ keys: [SSHPublicKey]) -> Failure {
    Failure(
      hostKeyChanged,
      """
      the host key of bastion \(bastion.place) is not the confirmed one, \
      \(bastion.hostKey?.fingerprint ?? "none"): it shows \(keys.isEmpty ? "another" : listed(keys)). \
      Somebody may be in between. Nothing was sent. If the bastion was renewed, compare as at the first \
      time and set "tunnel_host_key" anew
      """,
      recovery: .needsOperator
    )
  }

  static func slow(_ bastion: SSHBastion, _ patience: Duration) -> Failure {
    Failure(
      "tunnel_unreachable",
      "bastion \(bastion.place) did not let us in within \(patience.components.seconds) seconds",
      recovery: .retry
    )
  }

  static func noPort() -> Failure {
    Failure(
      portTaken,
      "no port of this machine is free for a tunnel",
      recovery: .retry
    )
  }

  private static func listed(_ keys: [SSHPublicKey]) -> String {
    keys.map { "\($0.fingerprint) (\($0.type))" }.joined(separator: ", ")
  }

  /// Without what is for debugging.
  private static func spoken(_ lines: [String]) -> [String] {
    lines.filter { line in
      !line.hasPrefix("debug") && !line.hasPrefix("OpenSSH_") && !line.hasPrefix("Authenticat")
        && !line.isEmpty
    }
  }
}
