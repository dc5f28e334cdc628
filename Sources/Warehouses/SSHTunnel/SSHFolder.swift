import Glibc
import SyncModel

/// A folder that only this user can enter, with what `ssh` reads while it signs in: no secret is in it.
struct SSHFolder: Sendable {
  let path: String

  /// - Throws: `Failure` `ssh_unavailable`.
  init() throws(Failure) {
    // Short, whatever TMPDIR says: a Unix socket's path has 107 bytes. mkdtemp makes it 0700.
    var template = "/tmp/sluice-ssh-XXXXXX".utf8CString.map { $0 }
    guard mkdtemp(&template) != nil else {
      throw Failure(
        "ssh_unavailable",
        "no folder could be made in /tmp for ssh: \(String(cString: strerror(errno)))",
        recovery: .retry
      )
    }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  var knownHosts: String { path + "/known_hosts" }
  /// With `IdentitiesOnly`, `ssh` offers the agent's key only where it has the public half as a file.
  var publicKey: String { path + "/identity.pub" }
  var agent: String { path + "/agent" }

  /// - Throws: `Failure` `ssh_unavailable`.
  func write(_ line: String, to file: String) throws(Failure) {
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    let bytes = Array((line + "\n").utf8)
    let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if descriptor >= 0 { close(descriptor) }
    guard written == bytes.count else {
      throw Failure(
        "ssh_unavailable",
        "a file for ssh could not be written in \(path)",
        recovery: .retry
      )
    }
  }

  func remove() {
    for file in [knownHosts, publicKey, agent] { unlink(file) }
    rmdir(path)
  }
}
