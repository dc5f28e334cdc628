/// The orchestrator's limits. The defaults suit a machine of two cores.
public struct OrchestratorConfiguration: Sendable {
  /// Runs at the same time; one more is refused. Each holds a few batches of at most 4 MiB.
  public var maximumRuns = 32
  /// Batches of a run that may wait for their receipts.
  public var batchesInFlight = 3
  /// How often a run's progress is told to those who watch it.
  public var progressInterval = Duration.milliseconds(500)
  /// How often a run's progress is written to the database.
  public var recordInterval = Duration.seconds(1)
  /// A writer that owes a receipt for longer is taken for lost.
  public var stallLimit = Duration.seconds(120)
  /// How long one unary call to the vault or the writer may take.
  public var callTimeout = Duration.seconds(15)

  var peerRetry = RetryPolicy.peer
  var warehouseRetry = RetryPolicy.warehouse

  public init() {}
}
