import SyncModel

/// Everything outside of a command that it may use: a test gives its own.
struct CommandEnvironment: Sendable {
  var variables: [String: String]
  var output: any ByteOutput
  var errors: any ByteOutput
  /// Everything on standard input.
  var readStandardInput: @Sendable () throws -> [UInt8]
  /// Makes the way to a service.
  var connect: @Sendable (ServiceRole, ConnectionContext) throws -> ServiceLink
  var world: World
  /// Suspends until the user interrupts (Ctrl-C) or somebody asks this process to end; returns early
  /// when its task is cancelled.
  var interruption: @Sendable () async -> Void
  /// The directory of the `sluice` program itself; the services' programs are beside it.
  var programDirectory: @Sendable () -> String?
}
