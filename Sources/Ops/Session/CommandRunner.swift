import ArgumentParser
import RPC

/// Runs one command line from its words to its exit code.
enum CommandRunner {
  private enum Event: Sendable {
    case ended(Int32)
    case interrupted
  }

  /// The first interruption cancels the command, which says what that means and ends by itself.
  static func run(_ arguments: [String], in environment: CommandEnvironment) async -> Int32 {
    await withTaskGroup(of: Event.self) { group in
      group.addTask { .ended(await execute(arguments, environment)) }
      group.addTask {
        await environment.interruption()
        return .interrupted
      }
      for await event in group {
        // Either the command is done, or it is to be: the other one has nothing to wait for.
        group.cancelAll()
        if case .ended(let code) = event { return code }
      }
      return ExitStatus.interrupted.rawValue
    }
  }

  private static func execute(_ arguments: [String], _ environment: CommandEnvironment) async
    -> Int32
  {
    do {
      return try await command(arguments, environment)
    } catch is ReaderGone {
      return ReaderGone.exitCode
    } catch {
      try? environment.output.flush()
      let failure = describe(error)
      // Nobody is left to tell when this fails.
      try? environment.errors.write(failure.text)
      try? environment.errors.flush()
      return failure.exit.rawValue
    }
  }

  private static func describe(_ error: any Error) -> CommandFailure {
    if Task.isCancelled, !(error is CommandFailure) {
      return CommandFailure("interrupted", exit: .interrupted)
    }
    switch error {
    case let failure as CommandFailure: return failure
    case is CancellationError: return CommandFailure("interrupted", exit: .interrupted)
    default: return CommandFailure("\(error)", exit: .failure)
    }
  }

  private static func command(_ arguments: [String], _ environment: CommandEnvironment) async throws
    -> Int32
  {
    let arguments = CommandWords.movingLeadingFlags(arguments)
    if let failure = CommandWords.unknown(arguments) { throw failure }
    let parsed: any ParsableCommand
    do {
      parsed = try Sluice.parseAsRoot(arguments)
      guard parsed is any SessionCommand else {
        // A noun without a verb, `help`, `--help`: the library's own answer.
        var command = parsed
        try command.run()
        return ExitStatus.ok.rawValue
      }
    } catch {
      return try answer(error, environment)
    }
    guard let command = parsed as? any SessionCommand else { return ExitStatus.usage.rawValue }
    let session = Session(environment: environment, options: command.options)
    let result: Result<ExitStatus, any Error>
    do {
      result = .success(try await command.run(in: session))
    } catch {
      result = .failure(error)
    }
    await session.links.close()
    let exit = try result.get()
    try environment.output.flush()
    return exit.rawValue
  }

  /// What the argument parser throws: help (exit code 0) or a mistake in the words (2).
  private static func answer(_ error: any Error, _ environment: CommandEnvironment) throws -> Int32
  {
    let text = Sluice.fullMessage(for: error)
    guard Sluice.exitCode(for: error) != .success else {
      if !text.isEmpty { try environment.output.write(text + "\n") }
      try environment.output.flush()
      return ExitStatus.ok.rawValue
    }
    // The library writes "Error: Unknown option '--x'" and then how to use the command.
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if let first = lines.first {
      let message = first.hasPrefix("Error: ") ? String(first.dropFirst(7)) : first
      lines[0] = "sluice: " + message.prefix(1).lowercased() + message.dropFirst()
      if lines[0].hasSuffix(".") { lines[0].removeLast() }
    }
    try environment.errors.write(
      TerminalText.safe(lines.joined(separator: "\n"), keepingNewlines: true) + "\n"
    )
    try environment.errors.flush()
    return ExitStatus.usage.rawValue
  }
}
