import SQLDatabase
import SyncModel
import Synchronization
import Warehouse

/// The rows of a run as they stream in: one batch is handed out while the next one is read.
final class PostgreSQLChangeReader: ChangeReader {
  let warehouseTime: Timestamp
  let columns: [SourceColumn]
  private let connection: PostgreSQLConnection
  private let source: String
  private let filler: Filler
  private let explain: @Sendable (any Error) async -> any Error
  private struct State {
    /// The batch that is being read ahead; nil when nothing is left to read.
    var ahead: BlockingJob<Filled>?
    var reportedRowCount: Int64?
    /// Starts the stream once more after an error; nil when that is used up, or a batch is out.
    var again: (@Sendable (any Error) async throws -> Void)?
  }
  private let state: Mutex<State>

  /// The connection's stream has been started.
  ///
  /// - Parameters:
  ///   - hasSizeColumn: whether a column after those says how long a payload was that the server cut.
  ///   - again: starts the stream once more, or throws: called once, for an error before any batch.
  ///   - explain: makes a failure of an error.
  init(
    _ connection: PostgreSQLConnection,
    source: String,
    columns: SourceColumns,
    warehouseTime: Timestamp,
    hasSizeColumn: Bool = true,
    again: (@Sendable (any Error) async throws -> Void)? = nil,
    explain: (@Sendable (any Error) async -> any Error)? = nil
  ) {
    self.connection = connection
    self.source = source
    self.warehouseTime = warehouseTime
    self.columns = columns.entries.map(\.column)
    self.explain = explain ?? { PostgreSQLFailure.running($0, source: source) }
    let filler = Filler(columns, hasSizeColumn: hasSizeColumn)
    self.filler = filler
    state = Mutex(State(ahead: connection.read { try filler.fill($0) }, again: again))
  }

  var reportedRowCount: Int64? { get async { state.withLock { $0.reportedRowCount } } }

  func nextBatch() async throws -> RowBatch? {
    let (job, again) = state.withLock { state in
      defer { state.ahead = nil }
      return (state.ahead, state.again.take())
    }
    guard let job else { return nil }
    do {
      return try await batch(of: job)
    } catch is CancellationError where !Task.isCancelled {
      throw Failure(
        "connection_closed",
        "the connection was closed while \(source) was being read",
        recovery: .failRun
      )
    } catch let error where again != nil && !Task.isCancelled {
      try await again?(error)
      readAhead()
      return try await nextBatch()
    } catch {
      throw await explain(error)
    }
  }

  private func batch(of job: BlockingJob<Filled>) async throws -> RowBatch? {
    let connection = self.connection
    let filled = try await withTaskCancellationHandler {
      try await job.value
    } onCancel: {
      connection.cancel()
    }
    if filled.isLast {
      state.withLock { $0.reportedRowCount = filled.reportedRowCount }
    } else {
      readAhead()
    }
    return filled.batch.isEmpty ? nil : filled.batch
  }

  private func readAhead() {
    let filler = self.filler
    state.withLock { $0.ahead = connection.read { try filler.fill($0) } }
  }

  private struct Filled: Sendable {
    var batch: RowBatch
    var isLast: Bool
    var reportedRowCount: Int64?
  }

  /// Copies rows from libpq's memory into batches: the hot path.
  ///
  /// Safety: its state is only touched by jobs of the connection's thread, which run one at a time.
  private final class Filler: @unchecked Sendable {
    private let columns: [SourceColumn]
    /// Where the size of a payload that the server cut is found, after the columns.
    private let sizeColumn: Int?
    private var builder = RowBatchBuilder()

    init(_ columns: SourceColumns, hasSizeColumn: Bool) {
      self.columns = columns.entries.map(\.column)
      sizeColumn = hasSizeColumn && columns.has(.payload) ? columns.entries.count : nil
    }

    func fill(_ stream: PostgreSQLStream) throws -> Filled {
      while try stream.next() {
        try append(stream)
        if builder.isFull { return Filled(batch: builder.take(), isLast: false) }
      }
      return Filled(
        batch: builder.take(),
        isLast: true,
        reportedRowCount: stream.reportedRowCount
      )
    }

    private func append(_ stream: PostgreSQLStream) throws {
      var row = SourceRow()
      guard let text = stream.bytes(0), let updatedAt = Timestamp(text: text) else {
        throw Failure(
          "bad_updated_at",
          "the server wrote an UPDATED_AT in a form that is not known",
          recovery: .failRun
        )
      }
      row.updatedAt = updatedAt
      for index in 1..<columns.count { row.set(columns[index], stream.bytes(index)) }
      if let sizeColumn, let size = stream.bytes(sizeColumn) {
        row.oversizedPayload = UInt64(String(decoding: size, as: UTF8.self))
      }
      builder.append(row)
    }
  }
}
