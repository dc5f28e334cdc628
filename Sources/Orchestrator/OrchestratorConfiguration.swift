/// The orchestrator's limits. The defaults suit a machine of two cores.
public struct OrchestratorConfiguration: Sendable {
  /// Runs at the same time; more wait, the first come first. Each holds a few batches of at most 4 MiB.
  public var maximumRuns = 32
  /// Runs that may go on or wait; one more is refused.
  public var maximumWaitingRuns = 1000
  /// A run in which nothing moves for longer is ended. Warehouses that sleep need minutes to start.
  public var runStallLimit = Duration.seconds(1200)
  /// How often schedules are looked at.
  public var scheduleInterval = Duration.seconds(1)
  /// R140: the fewest minutes between two runs of a schedule.
  public var shortestIntervalMinutes: Int64 = 15
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
