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
    Export.self, Diff.self, Row.self, Doctor.self,
  ]
  static let source: [any ParsableCommand.Type] = [SourceCreate.self]
  static let sync: [any ParsableCommand.Type] = [SyncCreate.self]
  static let run: [any ParsableCommand.Type] = [RunRetry.self]
  static let cursor: [any ParsableCommand.Type] = [CursorSet.self, CursorRewind.self]

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

  struct Row: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "row", shouldDisplay: false)
    static let words = "sluice row explain"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct Doctor: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "doctor", shouldDisplay: false)
    static let words = "sluice doctor"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct SourceCreate: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "create", shouldDisplay: false)
    static let words = "sluice source create"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct SyncCreate: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "create", shouldDisplay: false)
    static let words = "sluice sync create"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct RunRetry: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "retry", shouldDisplay: false)
    static let words = "sluice run retry"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct CursorSet: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "set", shouldDisplay: false)
    static let words = "sluice cursor set"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }

  struct CursorRewind: NotBuiltCommand {
    static let configuration = CommandConfiguration(commandName: "rewind", shouldDisplay: false)
    static let words = "sluice cursor rewind"
    @OptionGroup var options: GlobalOptions
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
  }
}
