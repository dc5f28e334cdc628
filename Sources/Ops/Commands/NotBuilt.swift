import ArgumentParser

/// A verb of the contract (design, section 6) that this version does not have.
protocol NotBuiltCommand: SessionCommand {
  static var words: String { get }
  var rest: [String] { get }
}

extension NotBuiltCommand {
  func run(in session: Session) async throws -> ExitStatus {
    throw CommandFailure(
      "\(Self.words) is not built yet",
      hint: "sluice --help lists what there is",
      code: "not_built",
      exit: .failure
    )
  }
}

/// The verbs to come: hidden from help, answered honestly.
enum NotBuilt {
  static let nouns: [any ParsableCommand.Type] = [
    Export.self, Diff.self, Doctor.self,
  ]

  struct Export: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "export", shouldDisplay: false)
    static let words = "sluice export"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct Diff: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "diff", shouldDisplay: false)
    static let words = "sluice diff"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct Doctor: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "doctor", shouldDisplay: false)
    static let words = "sluice doctor"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }
}
