import Crypto
import Foundation
import Glibc
import SyncModel
import TestSupport
import Testing
import Warehouse

/// A real sshd on loopback that lets one key in. As root it runs as another user, as which it also lets in:
/// so it needs no account of its own.
final class Bastion: Sendable {
  let port: Int
  let user: String
  let hostKey: String
  private let folder: URL
  private let server: ChildProcess

  static let program: String? = {
    let script = RedshiftEmulator.root.appendingPathComponent("scripts/sshd-for-tests").path
    guard let (status, output) = try? ChildProcess.run([script]), status == 0 else { return nil }
    return output.split(separator: "\n").last.map(String.init)
  }()

  init(_ key: SSHKeyPair, settings: String = "", hostKey name: String = "host") throws {
    let isRoot = geteuid() == 0
    user = isRoot ? "postgres" : NSUserName()
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("bastion-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let host = folder.appendingPathComponent(name).path
    _ = try ChildProcess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host])
    hostKey = try String(contentsOfFile: host + ".pub", encoding: .utf8)
    try (key.authorizedKey(comment: "vault") + "\n").write(
      to: folder.appendingPathComponent("authorized_keys"),
      atomically: true,
      encoding: .utf8
    )
    if isRoot { _ = try ChildProcess.run(["chown", "-R", user, folder.path]) }
    let program = try #require(Self.program, "run make deps: the tests need sshd")
    let asUser = isRoot ? ["runuser", "-u", user, "--"] : []
    var started: (Int, ChildProcess)?
    for _ in 0..<5 where started == nil {
      let port = try PostgreSQLCluster.freePort()
      let file = folder.appendingPathComponent("sshd_config")
      try """
      \(settings)
      Port \(port)
      ListenAddress 127.0.0.1
      HostKey \(host)
      AuthorizedKeysFile \(folder.path)/authorized_keys
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PidFile none
      """.write(to: file, atomically: true, encoding: .utf8)
      let server = try ChildProcess(asUser + [program, "-D", "-e", "-f", file.path])
      // Its lines end with CR LF, which is one Character and no "\n".
      let said = try server.ask("", until: " port ")
      if said.contains("Server listening") { started = (port, server) }
    }
    (port, server) = try #require(started, "sshd did not start")
  }

  deinit {
    // runuser hands the signal on.
    kill(server.identifier, SIGTERM)
    server.wait()
    try? FileManager.default.removeItem(at: folder)
  }

  var fingerprint: String {
    get throws {
      let file = folder.appendingPathComponent("host.pub").path
      let (_, output) = try ChildProcess.run(["ssh-keygen", "-lf", file])
      return String(try #require(output.split(separator: " ").dropFirst().first))
    }
  }

  /// A source's settings for a tunnel through it.
  func settings(_ changes: [String: String?] = [:]) throws -> [String: String] {
    let all: [String: String?] = [
      "tunnel_host": "127.0.0.1", "tunnel_port": "\(port)", "tunnel_user": user,
      "tunnel_host_key": try fingerprint, "tunnel_credential": "bastion",
    ]
    return all.merging(changes) { $1 }.compactMapValues { $0 }
  }

  /// The children of this process that are OpenSSH's and go to this bastion.
  func children() throws -> [pid_t] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
      guard let pid = pid_t(name),
        let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
        let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      else { return nil }
      let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      let isOurs = status.contains("PPid:\t\(getpid())\n")
      return isOurs && words.contains("\(port)") ? pid : nil
    }
  }
}

/// A key in place of the vault's.
struct KeySigner: WarehouseSigner {
  let pair: SSHKeyPair
  var refusal: Failure?

  var publicKey: String { pair.authorizedKey(comment: "tunnel") }

  func sshSignature(of data: [UInt8]) async throws -> [UInt8] {
    if let refusal { throw refusal }
    return try pair.sign(data, algorithm: try SSHUserAuthRequest(data).algorithm)
  }

  func snowflakeToken(account: String, version: UInt32) async throws -> SignedLogin { throw unused }
  func googleAssertion(scope: String, audience: String) async throws -> SignedLogin { throw unused }
  func prove(version: UInt32) async throws {}

  private var unused: Failure { Failure("unused", "not for SSH", recovery: .failRun) }

  func credential(_ user: String) -> WarehouseCredential {
    WarehouseCredential(type: .sshKeyPair, username: user, signer: self)
  }
}
