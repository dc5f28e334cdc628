import ArgumentParser

/// A command of the CLI. The root parses it and runs it in a session.
protocol SessionCommand: ParsableCommand {
  var options: GlobalOptions { get }
  /// - Returns: the exit code; what is thrown is printed and has its own.
  func run(in session: Session) async throws -> ExitStatus
}
