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
  private struct State {
    /// The batch that is being read ahead; nil when nothing is left to read.
    var ahead: BlockingJob<Filled>?
    var reportedRowCount: Int64?
  }
  private let state: Mutex<State>

  /// The connection's stream has been started.
  init(
    _ connection: PostgreSQLConnection,
    source: String,
    columns: SourceColumns,
    warehouseTime: Timestamp
  ) {
    self.connection = connection
    self.source = source
    self.warehouseTime = warehouseTime
    self.columns = columns.entries.map(\.column)
    let filler = Filler(columns)
    self.filler = filler
    state = Mutex(State(ahead: connection.read { try filler.fill($0) }))
  }

  var reportedRowCount: Int64? { get async { state.withLock { $0.reportedRowCount } } }

  func nextBatch() async throws -> RowBatch? {
    let job = state.withLock { state in
      defer { state.ahead = nil }
      return state.ahead
    }
    guard let job else { return nil }
    do {
      let connection = self.connection
      let filled = try await withTaskCancellationHandler {
        try await job.value
      } onCancel: {
        connection.cancel()
      }
      let filler = self.filler
      state.withLock { state in
        if filled.isLast {
          state.reportedRowCount = filled.reportedRowCount
        } else {
          state.ahead = connection.read { try filler.fill($0) }
        }
      }
      return filled.batch.isEmpty ? nil : filled.batch
    } catch is CancellationError where !Task.isCancelled {
      throw Failure(
        "connection_closed",
        "the connection was closed while \(source) was being read",
        recovery: .failRun
      )
    } catch {
      throw PostgreSQLFailure.running(error, source: source)
    }
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

    init(_ columns: SourceColumns) {
      self.columns = columns.entries.map(\.column)
      sizeColumn = columns.has(.payload) ? columns.entries.count : nil
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
