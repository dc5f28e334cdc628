/// The exit codes of every command (docs: README, "Exit codes").
enum ExitStatus: Int32, Sendable, CaseIterable {
  case ok = 0
  case failure = 1
  case usage = 2
  /// The run finished, and rows were rejected.
  case rejectedRows = 3
  case notAuthorised = 4
  case notFound = 5
  /// The thing is in another state than the command needs, or a run is going on already.
  case conflict = 6
  /// Gave up waiting; what was waited for goes on.
  case timedOut = 7
  case unreachable = 8
  case interrupted = 130
}

/// Why a command ends early, as the user reads it:
/// `sluice: MESSAGE (CODE)`, then `sluice: hint: HINT`.
///
/// Messages begin with a small letter and end without a full stop.
struct CommandFailure: Error, Sendable, Equatable {
  /// What was wrong and where; more than one where several things are.
  var messages: [String]
  /// What to do about it.
  var hint: String?
  /// Stable, for scripts.
  var code: String?
  var exit: ExitStatus

  init(_ message: String, hint: String? = nil, code: String? = nil, exit: ExitStatus) {
    self.init([message], hint: hint, code: code, exit: exit)
  }

  init(_ messages: [String], hint: String? = nil, code: String? = nil, exit: ExitStatus) {
    self.messages = messages
    self.hint = hint
    self.code = code
    self.exit = exit
  }

  var text: String {
    let suffix = code.map { " (\($0))" } ?? ""
    var lines = messages.map { "sluice: \(TerminalText.safe($0))\(suffix)\n" }
    if let hint { lines.append("sluice: hint: \(TerminalText.safe(hint))\n") }
    return lines.joined()
  }
}
