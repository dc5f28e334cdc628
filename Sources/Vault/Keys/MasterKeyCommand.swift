import Crypto
import Glibc
import SyncModel

/// A program that prints the master key, e.g. the client of a key management service: without a
/// shell, with 10 s of time. What it writes to standard error is dropped, as it might hold the key.
struct MasterKeyCommand: Sendable {
  static let seconds: Int64 = 10
  /// The program's path, then its arguments.
  let arguments: [String]

  /// - Throws: `master_key_command_failed`; `master_key_invalid` for what is no key.
  func run() throws(Failure) -> MasterKey {
    guard let program = arguments.first, program.hasPrefix("/") else {
      throw failure("it must begin with the program's absolute path")
    }
    var ends: (Int32, Int32) = (0, 0)
    let isPiped = withUnsafeMutableBytes(of: &ends) {
      pipe($0.baseAddress?.assumingMemoryBound(to: Int32.self)) == 0
    }
    guard isPiped else { throw failure(String(cString: strerror(errno))) }
    _ = fcntl(ends.0, F_SETFD, FD_CLOEXEC)
    _ = fcntl(ends.1, F_SETFD, FD_CLOEXEC)
    defer { close(ends.0) }
    let child: pid_t
    do throws(Failure) {
      child = try spawn(program, output: ends.1)
      close(ends.1)
    } catch {
      close(ends.1)
      throw error
    }
    var status: Int32 = 0
    let output = read(from: ends.0)
    if output == nil { kill(child, SIGKILL) }
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard let output else { throw failure("it printed nothing for \(Self.seconds) s, or too much") }
    guard status == 0 else {
      let code = status & 0x7f == 0 ? "code \(status >> 8 & 0xff)" : "signal \(status & 0x7f)"
      throw failure("it ended with \(code)")
    }
    return try MasterKey(text: output.copyBytes(), from: "what \(program) printed")
  }

  private func spawn(_ program: String, output: Int32) throws(Failure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var words = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    // The environment is not handed on: it may hold secrets of the vault's.
    let path = strdup("PATH=/usr/local/bin:/usr/bin:/bin")
    defer { free(path) }
    var environment = [path, nil]
    var child = pid_t()
    let code = posix_spawn(&child, program, &actions, nil, words, &environment)
    guard code == 0 else { throw failure(String(cString: strerror(code))) }
    return child
  }

  /// Everything up to the end; nil when the time is over or it is too long for a key.
  private func read(from descriptor: Int32) -> SecretBytes? {
    let end = ContinuousClock.now + .seconds(Self.seconds)
    var count = 0
    let content = SecretBytes(count: 128) { out in
      while count < out.count {
        let left = (end - .now) / .milliseconds(1)
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard left > 0 else {
          count = -1
          return
        }
        let ready = poll(&waiting, 1, Int32(left) + 1)
        if ready < 0, errno == EINTR { continue }
        guard ready > 0 else { continue }
        let got = Glibc.read(descriptor, out.baseAddress?.advanced(by: count), out.count - count)
        if got < 0, errno == EINTR { continue }
        if got <= 0 { return }
        count += got
      }
    }
    guard 0..<128 ~= count else { return nil }
    return content.withUnsafeBytes {
      SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[..<count]))
    }
  }

  private func failure(_ reason: String) -> Failure {
    Failure(
      "master_key_command_failed",
      "the command for the master key, \(arguments.first ?? "(empty)"), failed: \(reason)",
      recovery: .needsOperator
    )
  }
}
