import RPC
import ServiceRuntime

/// One command as it runs: its flags, its output, its ways to the services.
final class Session {
  let environment: CommandEnvironment
  let options: GlobalOptions
  private var resolved: (name: String?, context: ConnectionContext)?
  private(set) lazy var links = ServiceLinks { [unowned self] role in
    let context = try self.context()
    do {
      return try self.environment.connect(role, context)
    } catch var failure as CommandFailure {
      // The directory of a `sluice dev` may be gone; a new start makes it again.
      if self.contextName == Dev.contextName { failure.hint = FailureText.startDev }
      throw failure
    }
  }

  init(environment: CommandEnvironment, options: GlobalOptions) {
    self.environment = environment
    self.options = options
  }

  func context() throws -> ConnectionContext {
    if let resolved { return resolved.context }
    let found = try ContextResolution(variables: environment.variables, flag: options.context)
      .resolve()
    resolved = found
    return found.context
  }

  /// The name of the context in use; nil when variables alone make it.
  var contextName: String? { resolved?.name }

  func workspace() throws -> String { try options.workspace ?? context().workspace }

  /// For one call that should answer at once.
  var callOptions: CallOptions { CallOptions(timeout: options.timeout ?? .seconds(30)) }
  /// For what may take as long as it takes, unless `--timeout` says otherwise.
  var longCallOptions: CallOptions { CallOptions(timeout: options.timeout) }

  func printer(_ columns: [Column] = [], isLive: Bool = false) -> RecordPrinter {
    RecordPrinter(options.output, columns: columns, to: environment.output, isLive: isLive)
  }

  /// A line for the user, never part of the data.
  func say(_ text: String) {
    // Whoever closed standard error does not want to know.
    try? environment.errors.write("sluice: " + TerminalText.safe(text) + "\n")
    try? environment.errors.flush()
  }

  func hint(_ text: String) { say("hint: " + text) }

  /// Adds to an error what the command knows better than the service.
  func calling<Result>(
    _ role: ServiceRole,
    _ what: String? = nil,
    _ body: () async throws -> Result
  ) async throws -> Result {
    do {
      return try await body()
    } catch let error as RPCError {
      let context = try? context()
      throw FailureText.failure(
        error,
        role: role,
        address: context.map { "\($0[role])" },
        what: what,
        contextName: contextName
      )
    }
  }
}
