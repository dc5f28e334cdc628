import HTTPFetch
import SyncModel
import Synchronization
import Warehouse

/// The jobs that a connection has started, to be cancelled when it closes.
final class BigQueryJobs: Sendable {
  private let running = Mutex<[BigQueryJob]>([])

  /// More are never open at once; older ones have ended.
  private static let most = 16

  func add(_ job: BigQueryJob) {
    running.withLock { jobs in
      jobs.append(job)
      if jobs.count > Self.most { jobs.removeFirst() }
    }
  }

  func removeAll() -> [BigQueryJob] {
    running.withLock { jobs in
      defer { jobs = [] }
      return jobs
    }
  }
}

/// One sign-in at BigQuery, and what it has under way.
final class BigQueryWarehouseConnection: WarehouseConnection {
  let api: BigQueryAPI
  let jobs = BigQueryJobs()
  private struct State {
    var isClosed = false
    var reader: BigQueryChangeReader?
  }
  private let state = Mutex(State())

  init(_ api: BigQueryAPI) { self.api = api }

  var server: String { get async { "BigQuery (project \(api.project))" } }

  func inspect(
    _ selection: RowSelection,
    data: DataType,
    previewLimit: Int
  ) async throws -> Inspection {
    try checkOpen()
    let inspection = try await BigQueryInspector(api: api, jobs: jobs, data: data)
      .inspect(selection, previewLimit: previewLimit)
    // Whatever was asked for has ended.
    _ = jobs.removeAll()
    return inspection
  }

  func readChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?
  ) async throws -> any ChangeReader {
    try checkOpen()
    let source = try await BigQuerySource(selection, api: api)
    let changes = try BigQueryChanges(source, data: data)
    let reader = try await BigQueryChangeReader(changes, from: from, api: api, jobs: jobs)
    state.withLock { $0.reader = reader }
    return reader
  }

  func checkOpen() throws(Failure) {
    guard state.withLock({ !$0.isClosed }) else {
      throw Failure("connection_closed", "the connection is closed", recovery: .failRun)
    }
  }

  /// A job costs money while it runs: it is told to end (C.7, 19). What has ended takes no harm.
  func close() async {
    let (isFirst, reader) = state.withLock { state in
      defer {
        state.isClosed = true
        state.reader = nil
      }
      return (!state.isClosed, state.reader)
    }
    guard isFirst else { return }
    reader?.close()
    let left = reader?.isAtEnd == true ? [] : jobs.removeAll()
    if !left.isEmpty {
      // Of its own, as the task that closes may be cancelled; and not for long.
      let api = self.api
      let work = Task {
        await withDiscardingTaskGroup { group in
          for job in left { group.addTask { await job.cancel(api: api) } }
        }
      }
      let limit = Task {
        try await Task.sleep(for: .seconds(5))
        work.cancel()
      }
      await work.value
      limit.cancel()
    }
    api.shutDown()
  }
}
