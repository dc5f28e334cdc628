import Glibc
import ServiceRuntime
import Synchronization
import SystemThread

/// What to start, and what it inherits.
struct ChildProgram: Sendable {
  var path: String
  var arguments: [String]
  var environment: [String: String]
  /// Both its outputs are appended here.
  var log: String
  /// What it reads as standard input: the end of a pipe that closes when this process is gone.
  var standardInput: Int32
}

/// How a process ended.
enum ProcessEnding: Sendable, Equatable, CustomStringConvertible {
  case exited(Int32)
  case killed(Int32)

  var description: String {
    switch self {
    case .exited(let code): "exit code \(code)"
    case .killed(let signal): "killed by signal \(signal)"
    }
  }
}

/// A process that this one started, in a process group of its own, so that Ctrl-C at the terminal
/// reaches us alone and we stop the others in order.
final class ChildProcess: Sendable {
  let pid: pid_t

  private struct State {
    var ending: ProcessEnding?
    var waiters: [UInt64: AsyncStream<ProcessEnding>.Continuation] = [:]
    var lastWaiter: UInt64 = 0
  }
  private let state = Mutex(State())

  /// - Throws: `CommandFailure` when the program or the log file cannot be opened.
  static func start(_ program: ChildProgram) throws -> ChildProcess {
    let pid = try spawn(program)
    let child = ChildProcess(pid: pid)
    guard DetachedThread.start({ child.reap() }) == 0 else {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      throw CommandFailure("cannot start a thread to watch \(program.path)", exit: .failure)
    }
    return child
  }

  private init(pid: pid_t) { self.pid = pid }

  var ending: ProcessEnding? { state.withLock { $0.ending } }

  /// Suspends until the process has ended; nil when the task is cancelled before.
  func wait() async -> ProcessEnding? {
    let (stream, continuation) = AsyncStream.makeStream(of: ProcessEnding.self)
    let id = state.withLock { state -> UInt64 in
      state.lastWaiter &+= 1
      if let ending = state.ending {
        continuation.yield(ending)
      } else {
        state.waiters[state.lastWaiter] = continuation
      }
      return state.lastWaiter
    }
    defer { state.withLock { _ = $0.waiters.removeValue(forKey: id) } }
    return await stream.first { _ in true }
  }

  /// Sends a signal, unless the process has ended: its number may be another's by then.
  func signal(_ number: Int32) {
    state.withLock { state in
      if state.ending == nil { _ = kill(pid, number) }
    }
  }

  private func reap() {
    var info = siginfo_t()
    // WNOWAIT leaves the zombie, and with it the number, until the lock is held.
    while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
    let (ending, waiters) = state.withLock { state in
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      // wait(2): the low seven bits are the signal, the next eight the exit code.
      let signal = status & 0x7F
      let ending = signal == 0 ? ProcessEnding.exited(status >> 8 & 0xFF) : .killed(signal)
      state.ending = ending
      let waiters = state.waiters.values
      state.waiters = [:]
      return (ending, Array(waiters))
    }
    for waiter in waiters { waiter.yield(ending) }
  }

  private static func spawn(_ program: ChildProgram) throws -> pid_t {
    let log = open(program.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else {
      throw CommandFailure(
        "cannot write \(program.log): \(FileError.text(of: errno))",
        exit: .failure
      )
    }
    defer { close(log) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, program.standardInput, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, log, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // The child starts with no signal blocked and none ignored, whatever we do with ours.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    posix_spawnattr_setflags(&attributes, Int16(flags))

    // Safety: strdup's copies live until the call is over and are freed once; both arrays end with
    // a null pointer, as execve(2) wants.
    let arguments = ([program.path] + program.arguments).map { strdup($0) } + [nil]
    let environment = program.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program.path, &actions, &attributes, arguments, environment)
    guard code == 0 else {
      throw CommandFailure(
        "cannot start \(program.path): \(FileError.text(of: code))",
        hint: "the services' programs must be beside sluice itself",
        exit: .failure
      )
    }
    return pid
  }
}
