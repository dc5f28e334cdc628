import Glibc
import SyncModel
import Synchronization
import SystemProcess
import SystemThread

/// A program of OpenSSH's as a child: no shell, no terminal, no environment, in a process group of its
/// own. What it prints is kept by lines, the last of them.
///
/// It cannot outlive this process: `setpriv --pdeathsig` has the kernel kill it when the thread that
/// started it is gone (prctl(2), PR_SET_PDEATHSIG), and that thread lives until it has reaped it. Should
/// this process be killed before setpriv has run, there is no agent to sign in with, and `ssh` ends.
final class SSHChild: Sendable {
  enum Event: Sendable {
    case line(String)
    case ended
  }

  /// Lines as they come, then `ended`; for one reader, and only the last 1000 wait for it.
  let events: AsyncStream<Event>
  private let continuation: AsyncStream<Event>.Continuation
  private struct State {
    var pid: pid_t?
    var hasEnded = false
    var lines: [String] = []
  }
  private let state = Mutex(State())

  /// - Throws: `Failure` `ssh_unavailable` where there is no thread left; what else fails shows as a line.
  init(_ program: String, _ arguments: [String]) throws(Failure) {
    (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1000))
    let words = ["--pdeathsig", "KILL", "--", program] + arguments
    let child = self
    guard DetachedThread.start(name: "ssh", { child.live(words) }) == 0 else {
      throw Failure("ssh_unavailable", "the system has no thread left for ssh", recovery: .retry)
    }
  }

  static let guardian = "/usr/bin/setpriv"

  var hasEnded: Bool { state.withLock { $0.hasEnded } }
  var lines: [String] { state.withLock { $0.lines } }
  var pid: pid_t? { state.withLock { $0.pid } }

  /// Ends it; never blocks. Its number is not another's: it is reaped under the same lock.
  func kill() {
    state.withLock { state in
      if let pid = state.pid, !state.hasEnded { Glibc.kill(pid, SIGKILL) }
    }
  }

  /// Ends it and waits until it is reaped.
  func end() async {
    // Killed until it is gone: it may not have been started yet.
    while !hasEnded {
      kill()
      // In a task of its own: one that is cancelled does not sleep.
      _ = await Task { try? await Task.sleep(for: .milliseconds(5)) }.value
    }
  }

  // MARK: On the thread

  private func live(_ words: [String]) {
    guard let ends = Descriptors.pipe() else {
      finish("pipe: \(String(cString: strerror(errno)))")
      return
    }
    let start = ChildStart(
      program: Self.guardian,
      arguments: words,
      environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"],
      output: ends.writing
    )
    let (code, pid) = Descriptors.taking { start.spawn() }
    close(ends.writing)
    guard code == 0 else {
      close(ends.reading)
      finish("\(Self.guardian): \(String(cString: strerror(code)))")
      return
    }
    state.withLock { $0.pid = pid }
    read(ends.reading)
    close(ends.reading)
    reap(pid)
    finish(nil)
  }

  private func read(_ descriptor: Int32) {
    var rest: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      for byte in chunk.prefix(count) {
        if byte == UInt8(ascii: "\n") {
          keep(rest)
          rest.removeAll(keepingCapacity: true)
        } else if rest.count < 2000, byte != UInt8(ascii: "\r") {
          rest.append(byte)
        }
      }
    }
    if !rest.isEmpty { keep(rest) }
  }

  private func keep(_ bytes: [UInt8]) {
    let line = String(decoding: bytes, as: UTF8.self)
    state.withLock { state in
      if state.lines.count >= 200 { state.lines.removeFirst(100) }
      state.lines.append(line)
    }
    continuation.yield(.line(line))
  }

  private func reap(_ pid: pid_t) {
    ChildEnd.wait(for: pid)
    state.withLock { state in
      ChildEnd.reap(pid)
      state.hasEnded = true
    }
  }

  private func finish(_ line: String?) {
    if let line { keep(Array(line.utf8)) }
    state.withLock { $0.hasEnded = true }
    continuation.yield(.ended)
    continuation.finish()
  }
}
