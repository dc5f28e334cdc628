import ArgumentParser
import ServiceRuntime

struct Version: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "version",
    abstract: "Says which version this is."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    if options.output == .table {
      try session.environment.output.write("sluice \(SluiceVersion.text)\n")
    } else {
      try session.printer().show(
        Record(name: SluiceVersion.text, fields: ["version": .text(SluiceVersion.text)])
      )
    }
    return .ok
  }
}

struct Completion: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Prints a completion script for bash, zsh or fish."
  )
  @Argument(help: "bash, zsh or fish.", transform: Self.shell) var shell: String
  @OptionGroup var options: GlobalOptions

  private static func shell(_ text: String) throws -> String {
    guard CompletionShell(rawValue: text) != nil else {
      throw ValidationError("the shells are bash, zsh and fish")
    }
    return text
  }

  func run(in session: Session) async throws -> ExitStatus {
    guard let shell = CompletionShell(rawValue: shell) else { return .usage }
    try session.environment.output.write(Sluice.completionScript(for: shell) + "\n")
    return .ok
  }
}
