import Glibc
import Loopback
import SQLDatabase
import SyncModel
import Synchronization
import Warehouse

/// A port of loopback that leads to a cluster, through OpenSSH's `ssh` as a child.
///
/// The private key is not here: `ssh` asks an agent, which asks the vault. The bastion's host key is
/// pinned. TLS goes through to the cluster, so that the bastion cannot read or change what passes.
final class SSHTunnel: Sendable {
  /// On 127.0.0.1: a forward on a Unix socket would have fewer neighbours, but libpq speaks no TLS there.
  let port: Int
  let bastion: SSHBastion
  private let target: String
  private let child: SSHChild

  /// The programs, and where the ends come from; tests name others.
  struct Environment: Sendable {
    var ssh = "/usr/bin/ssh"
    var keyScan = "/usr/bin/ssh-keyscan"
    /// A port that is free now: `ssh` takes no port 0.
    var freePort: @Sendable () -> Int? = { LoopbackSocket()?.port }
    /// For the bastion to answer and let us in.
    var patience = Duration.seconds(30)
  }

  private init(port: Int, bastion: SSHBastion, target: String, child: SSHChild) {
    self.port = port
    self.bastion = bastion
    self.target = target
    self.child = child
  }

  deinit { child.kill() }

  /// Signs in and waits until the port listens.
  /// - Throws: `Failure`, codes beginning with `tunnel_`, or `CancellationError`.
  static func open(
    _ bastion: SSHBastion,
    to host: String,
    port: Int,
    environment: Environment = Environment()
  ) async throws -> SSHTunnel {
    let key = try await SSHKeyScan(bastion, environment).confirmedKey()
    let target = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    var failure: Failure?
    // Between its choice and its use another process may take the port.
    for _ in 0..<3 {
      guard let local = environment.freePort() else { break }
      do {
        return try await start(bastion, key, to: target, through: local, environment)
      } catch let error as Failure where error.code == SSHFailure.portTaken {
        failure = error
      }
    }
    throw failure ?? SSHFailure.noPort()
  }

  /// Ends `ssh` and waits until it is gone.
  func close() async { await child.end() }

  /// The number of `ssh`, for tests.
  var pid: pid_t? { child.pid }

  /// What the tunnel knows of an error of a connection through it; nil where it is not its doing.
  func explanation(of error: any Error) async -> Failure? {
    guard let error = error as? PostgreSQLError else { return nil }
    switch error.kind {
    case .connectionLost, .connectionRefused, .connectTimeout: break
    // The bastion was told no while libpq asked for TLS.
    case .tlsFailed where error.message.contains("SSL SYSCALL error"): break
    default: return nil
    }
    // ssh says why in its own time, and its end is seen a moment after the connection's.
    for _ in 0..<20 {
      if let refused = SSHFailure.refusedChannel(child.lines, bastion, target) { return refused }
      if child.hasEnded { return SSHFailure.lost(child.lines, bastion) }
      try? await Task.sleep(for: .milliseconds(25))
    }
    return nil
  }

  private static func start(
    _ bastion: SSHBastion,
    _ key: SSHPublicKey,
    to target: String,
    through port: Int,
    _ environment: Environment
  ) async throws -> SSHTunnel {
    let folder = try SSHFolder()
    defer { folder.remove() }
    // A name of its own: known_hosts has forms for ports and addresses that this needs none of.
    try folder.write("\(alias) \(key.line)", to: folder.knownHosts)
    try folder.write(bastion.publicKey.line, to: folder.publicKey)
    let agent = try SSHAgent(
      path: folder.agent,
      key: bastion.publicKey.blob,
      signer: bastion.signer
    )
    // Once it is in, ssh needs no more signatures.
    defer { agent.close() }
    let child = try SSHChild(
      environment.ssh,
      arguments(bastion, key, folder, to: target, through: port)
    )
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await ready(child, bastion, agent) }
        group.addTask {
          try await Task.sleep(for: environment.patience)
          throw SSHFailure.slow(bastion, environment.patience)
        }
        defer { group.cancelAll() }
        try await group.next()
      }
      return SSHTunnel(port: port, bastion: bastion, target: target, child: child)
    } catch {
      await child.end()
      try Task.checkCancellation()
      if let failure = error as? Failure, failure.code == SSHFailure.hostKeyChanged {
        // With the key that is there now, for the message.
        throw await SSHKeyScan(bastion, environment).changed()
      }
      throw error
    }
  }

  private static func ready(_ child: SSHChild, _ bastion: SSHBastion, _ agent: SSHAgent)
    async throws
  {
    for await event in child.events {
      switch event {
      case .line(let line):
        // client_loop says so after the login and, with ExitOnForwardFailure, after the port listens;
        // "Local forwarding listening" it says before.
        if line.contains("Entering interactive session") { return }
      case .ended:
        throw agent.failure ?? SSHFailure.notIn(child.lines, bastion)
      }
    }
    throw CancellationError()
  }

  static let alias = "sluice-bastion"

  /// Every setting is given here; neither the system's nor the user's file is read.
  private static func arguments(
    _ bastion: SSHBastion,
    _ key: SSHPublicKey,
    _ folder: SSHFolder,
    to target: String,
    through port: Int
  ) -> [String] {
    let options = [
      "BatchMode=yes", "IdentityAgent=\(folder.agent)", "IdentitiesOnly=yes",
      "IdentityFile=\(folder.publicKey)", "PreferredAuthentications=publickey",
      "PasswordAuthentication=no", "KbdInteractiveAuthentication=no", "StrictHostKeyChecking=yes",
      "UserKnownHostsFile=\(folder.knownHosts)", "GlobalKnownHostsFile=/dev/null",
      "HostKeyAlias=\(alias)", "HostKeyAlgorithms=\(key.algorithms)", "UpdateHostKeys=no",
      "CheckHostIP=no", "VerifyHostKeyDNS=no", "CanonicalizeHostname=no",
      "ExitOnForwardFailure=yes", "ConnectTimeout=10", "ConnectionAttempts=1",
      "ServerAliveInterval=15", "ServerAliveCountMax=3", "TCPKeepAlive=yes", "ControlMaster=no",
      "ControlPath=none", "PermitLocalCommand=no", "ProxyCommand=none", "ProxyJump=none",
      "ForwardAgent=no", "ForwardX11=no", "RequestTTY=no", "LogLevel=DEBUG1",
    ]
    return ["-F", "/dev/null", "-N", "-T", "-p", String(bastion.port), "-l", bastion.user]
      + options.flatMap { ["-o", $0] }
      + ["-L", "127.0.0.1:\(port):\(target)", "--", bastion.host]
  }
}
