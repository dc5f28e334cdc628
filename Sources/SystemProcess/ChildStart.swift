public import Glibc

/// How a child process is started: no shell, and it inherits only what is named here.
public struct ChildStart: Sendable {
  /// Its path.
  public var program: String
  /// Without the program's own name.
  public var arguments: [String]
  /// Each `NAME=value`.
  public var environment: [String]
  /// What it reads as standard input; nil for `/dev/null`.
  public var standardInput: Int32?
  /// Where standard output and standard error go.
  public var output: Int32

  public init(
    program: String,
    arguments: [String],
    environment: [String],
    standardInput: Int32? = nil,
    output: Int32
  ) {
    self.program = program
    self.arguments = arguments
    self.environment = environment
    self.standardInput = standardInput
    self.output = output
  }

  /// Starts it in a process group of its own, with no signal blocked and none ignored, whatever the
  /// calling thread does with its own.
  /// - Returns: 0 and its number, or `errno` and 0.
  public func spawn() -> (code: Int32, pid: pid_t) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let standardInput {
      posix_spawn_file_actions_adddup2(&actions, standardInput, STDIN_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    posix_spawnattr_setflags(&attributes, Int16(flags))
    // Safety: strdup's copies live until the call is over and are freed once; both arrays end with a
    // null pointer, as execve(2) wants.
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, words, variables)
    return (code, code == 0 ? pid : 0)
  }
}

/// How a child process is waited for, so that its number stays its own while others may still signal it.
public enum ChildEnd {
  /// Blocks until a child has ended, and leaves the zombie: its number is nobody else's until `reap`.
  public static func wait(for pid: pid_t) {
    var info = siginfo_t()
    while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
  }

  /// Takes the zombie away; under the lock that also guards the sending of signals.
  /// - Returns: the status as wait(2) has it: the low seven bits are the signal, the next eight the
  ///   exit code.
  @discardableResult
  public static func reap(_ pid: pid_t) -> Int32 {
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    return status
  }
}
