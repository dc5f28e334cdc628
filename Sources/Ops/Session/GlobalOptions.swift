import ArgumentParser

/// Flags that every command takes.
struct GlobalOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "How to print.")
  var output: OutputFormat = .table

  @Option(help: "The context to use instead of the current one.")
  var context: String?

  @Option(help: "The workspace, instead of the context's.")
  var workspace: String?

  @Option(help: "How long to wait, such as 30s or 10m.", transform: Self.duration)
  var timeout: Duration?

  static func duration(_ text: String) throws -> Duration {
    guard let nanoseconds = DurationText.nanoseconds(text), nanoseconds > 0 else {
      throw ValidationError("must be \(DurationText.explanation)")
    }
    return .nanoseconds(nanoseconds)
  }
}

extension OutputFormat: ExpressibleByArgument {}
