import SyncModel
import Synchronization
import Warehouse

/// The rows of a run: of one job, or, where its sort is too large for BigQuery, of one job for each
/// slice of time, over one snapshot where the source has any.
final class BigQueryChangeReader: ChangeReader {
  let warehouseTime: Timestamp
  let columns: [SourceColumn]
  private let changes: BigQueryChanges
  private let api: BigQueryAPI
  private let jobs: BigQueryJobs
  private let shape: BigQueryPage.Shape

  private struct State {
    var batches: ArraySlice<RowBatch> = []
    var ahead: BigQueryReadAhead?
    var slices: [BigQuerySlice] = []
    /// Of the slices that are open or read.
    var rows: Int64 = 0
    /// Of the snapshot, where slices are read.
    var expected: Int64?
    var snapshot: Int64?
    var isClosed = false
    var isEnded = false
  }
  private let state: Mutex<State>

  /// Opens the result of the whole, or prepares slices of it.
  init(
    _ changes: BigQueryChanges,
    from: Timestamp?,
    api: BigQueryAPI,
    jobs: BigQueryJobs
  ) async throws {
    self.changes = changes
    columns = changes.columns.entries.map(\.column)
    self.api = api
    self.jobs = jobs
    shape = .source(changes.columns.entries.map(\.column))
    let whole = BigQuerySlice(from: from)
    let begun = Mutex<Timestamp?>(nil)
    var state = State()
    do {
      let result = try await BigQueryResult(changes.query(whole), shape: shape, api: api) { job in
        begun.withLock { $0 = $0 ?? job.created }
        jobs.add(job)
      }
      state.batches = result.first.batches[...]
      state.ahead = BigQueryReadAhead(result)
      state.rows = result.totalRows
    } catch let error as BigQueryError where error.reason == "resourcesExceeded" {
      await WarehouseNotice(
        .running,
        "BigQuery cannot sort the rows of \(changes.source.name) at once; they are read in slices of time"
      )
      .tell()
      let time = begun.withLock { $0 } ?? api.world.now()
      state.snapshot = changes.source.kind == .table ? time.nanoseconds / 1000 : nil
      let extent = try await Self.extent(of: whole, changes, state.snapshot, api, jobs)
      state.slices = whole.divided(least: extent.least, greatest: extent.greatest).reversed()
      state.expected = state.snapshot == nil ? nil : extent.rows
    } catch let error as BigQueryError {
      throw api.explained(error, changes.source.name)
    }
    warehouseTime = begun.withLock { $0 } ?? api.world.now()
    self.state = Mutex(state)
  }

  deinit { state.withLock { $0.ahead?.cancel() } }

  var reportedRowCount: Int64? {
    get async {
      state.withLock { state in
        state.slices.isEmpty ? state.expected ?? state.rows : state.expected
      }
    }
  }

  /// Whether every row was handed out.
  var isAtEnd: Bool { state.withLock { $0.isEnded } }

  /// Ends what is in flight; a later `nextBatch` fails.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.ahead?.cancel()
      state.batches = []
    }
  }

  func nextBatch() async throws -> RowBatch? {
    while true {
      try Task.checkCancellation()
      let step = try state.withLock { (state) throws -> Step in try self.step(&state) }
      switch step {
      case .batch(let batch): return batch
      case .end: return nil
      case .wait(let task):
        let result = await withTaskCancellationHandler {
          await task.result
        } onCancel: {
          self.close()
        }
        try take(result)
      case .open(let slice): try await open(slice)
      }
    }
  }

  private enum Step: Sendable {
    case batch(RowBatch)
    case wait(Task<BigQueryRange, any Error>)
    case open(BigQuerySlice)
    case end
  }

  private func step(_ state: inout State) throws -> Step {
    guard !state.isClosed else { throw closed() }
    if let task = state.ahead?.head() {
      if let batch = state.batches.popFirst() { return .batch(batch) }
      return .wait(task)
    }
    if let batch = state.batches.popFirst() { return .batch(batch) }
    state.ahead = nil
    if let slice = state.slices.popLast() { return .open(slice) }
    if !state.isEnded, let expected = state.expected, expected != state.rows {
      throw Failure(
        "row_count_mismatch",
        "BigQuery counted \(expected) rows of \(changes.source.name) and gave \(state.rows) in slices "
          + "of time; move the cursor back to where this run began: sluice cursor rewind",
        recovery: .failRun
      )
    }
    state.isEnded = true
    return .end
  }

  private func take(_ result: Result<BigQueryRange, any Error>) throws {
    do {
      let range = try result.get()
      state.withLock { state in
        guard !state.isClosed else { return }
        state.ahead?.took(range)
        state.batches = range.batches[...]
      }
    } catch {
      let isClosed = state.withLock { $0.isClosed }
      close()
      try Task.checkCancellation()
      if isClosed || error is CancellationError { throw closed() }
      throw explained(error)
    }
  }

  private func open(_ slice: BigQuerySlice) async throws {
    let snapshot = state.withLock { $0.snapshot }
    do {
      let result = try await BigQueryResult(
        changes.query(slice, snapshot: snapshot),
        shape: shape,
        api: api
      ) { [jobs] job in jobs.add(job) }
      state.withLock { state in
        state.batches = result.first.batches[...]
        state.ahead = BigQueryReadAhead(result)
        state.rows += result.totalRows
      }
    } catch let error as BigQueryError where error.reason == "resourcesExceeded" && slice.isOrdered
    {
      let extent = try await Self.extent(of: slice, changes, snapshot, api, jobs)
      state.withLock { state in
        state.slices += slice.divided(least: extent.least, greatest: extent.greatest).reversed()
      }
    } catch {
      if state.withLock({ $0.isClosed }) { throw closed() }
      throw explained(error)
    }
  }

  /// How many rows a slice has, and between which instants, in microseconds.
  private static func extent(
    of slice: BigQuerySlice,
    _ changes: BigQueryChanges,
    _ snapshot: Int64?,
    _ api: BigQueryAPI,
    _ jobs: BigQueryJobs
  ) async throws -> (rows: Int64, least: Int64, greatest: Int64) {
    let (condition, parameters) = changes.filter(slice)
    let instant = "UNIX_MICROS(\(changes.instant))"
    var query = BigQueryQuery(
      "SELECT CAST(COUNT(*) AS STRING), CAST(MIN(\(instant)) AS STRING), "
        + "CAST(MAX(\(instant)) AS STRING) FROM \(changes.relation(at: snapshot)) WHERE \(condition)",
      source: changes.source.name,
      location: changes.source.location
    )
    query.parameters = parameters
    let row = try await query.texts(width: 3, api: api) { jobs.add($0) }.first
    let numbers = (row ?? []).map { $0.flatMap { Int64($0) } }
    guard numbers.count == 3, let rows = numbers[0] else {
      throw BigQueryFailure.badAnswer("the count of \(changes.source.name)")
    }
    return (rows, numbers[1] ?? 0, numbers[2] ?? -1)
  }

  private func explained(_ error: any Error) -> any Error {
    guard let error = error as? BigQueryError else { return error }
    return api.explained(error, changes.source.name)
  }

  private func closed() -> Failure {
    Failure(
      "connection_closed",
      "the connection was closed while \(changes.source.name) was being read",
      recovery: .failRun
    )
  }
}
