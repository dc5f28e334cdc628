import Glibc
import ServiceRuntime
import Synchronization
import SystemProcess
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
    ChildEnd.wait(for: pid)
    let (ending, waiters) = state.withLock { state in
      let status = ChildEnd.reap(pid)
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

    let (code, pid) = ChildStart(
      program: program.path,
      arguments: program.arguments,
      environment: program.environment.map { "\($0.key)=\($0.value)" },
      standardInput: program.standardInput,
      output: log
    ).spawn()
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
