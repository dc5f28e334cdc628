public import Glibc
import Synchronization

/// A process that a test starts, talks with by lines, and waits for. It is killed when the last
/// reference goes.
public final class ChildProcess: Sendable {
  private struct State {
    var input: Int32
    var output: Int32
    var status: Int32?
  }
  public let identifier: pid_t
  private let state: Mutex<State>

  /// Starts `arguments[0]`, found by PATH; its standard error joins its standard output.
  public init(_ arguments: [String]) throws {
    // A child that is gone is an error of the next write, not the end of the tests.
    signal(SIGPIPE, SIG_IGN)
    let toChild = try Self.pipe()
    let fromChild = try Self.pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toChild.read, 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild.write, 1)
    posix_spawn_file_actions_adddup2(&actions, fromChild.write, 2)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    defer { for word in words { free(word) } }
    words.append(nil)
    var child = pid_t()
    let code = posix_spawnp(&child, arguments[0], &actions, nil, words, environ)
    close(toChild.read)
    close(fromChild.write)
    guard code == 0 else {
      close(toChild.write)
      close(fromChild.read)
      throw SystemError("starting \(arguments[0])", code: code)
    }
    identifier = child
    state = Mutex(State(input: toChild.write, output: fromChild.read))
  }

  deinit {
    kill(identifier, SIGKILL)
    wait()
  }

  /// Runs a command to its end.
  /// - Returns: its exit status and what it printed.
  public static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let child = try ChildProcess(arguments)
    let output = child.readToEnd()
    return (child.wait(), output)
  }

  /// Writes to its standard input, all of it.
  public func write(_ text: String) throws {
    let input = state.withLock { $0.input }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
      guard count > 0 else { throw SystemError("write") }
      rest = rest.dropFirst(count)
    }
  }

  /// Writes a line and reads until the answer holds `text` or the output ends.
  public func ask(_ line: String, until text: String) throws -> String {
    try write(line + "\n")
    let output = state.withLock { $0.output }
    var answer = ""
    while !answer.contains(text), let more = Self.readSome(output) { answer += more }
    return answer
  }

  /// What it prints from here on, until it closes its output.
  public func readToEnd() -> String {
    let output = state.withLock { state in
      close(state.input)
      state.input = -1
      return state.output
    }
    var answer = ""
    while let more = Self.readSome(output) { answer += more }
    return answer
  }

  /// Closes its standard input and waits for its end.
  /// - Returns: its exit status, or 128 and the signal's number.
  @discardableResult
  public func wait() -> Int32 {
    state.withLock { state in
      if let status = state.status { return status }
      if state.input >= 0 { close(state.input) }
      var raw: Int32 = 0
      while waitpid(identifier, &raw, 0) < 0, errno == EINTR {}
      close(state.output)
      let status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
      state.status = status
      return status
    }
  }

  private static func readSome(_ descriptor: Int32) -> String? {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &chunk, chunk.count)
    return count > 0 ? String(decoding: chunk[..<count], as: UTF8.self) : nil
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw SystemError("pipe") }
    // Of the test's own: no other child may hold them open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}
