import SQLDatabase
import SyncModel
import Synchronization
import Warehouse

/// The rows of a run: one batch is handed out while the next one is read.
///
/// The statement stays open from the first row to the last: one snapshot, as SQLite gives each
/// statement (https://sqlite.org/isolation.html).
final class SQLiteChangeReader: ChangeReader {
  let warehouseTime: Timestamp
  let columns: [SourceColumn]
  private let file: ReadOnlySQLiteFile
  private let filler: Filler
  /// The batch that is being read ahead; nil when nothing is left to read.
  private let ahead: Mutex<BlockingJob<Filled>?>

  init(_ file: ReadOnlySQLiteFile, _ filler: Filler, warehouseTime: Timestamp) {
    self.file = file
    self.filler = filler
    self.warehouseTime = warehouseTime
    columns = filler.columns
    ahead = Mutex(file.start { _ in try filler.fill() })
  }

  /// SQLite does not say.
  var reportedRowCount: Int64? { get async { nil } }

  func nextBatch() async throws -> RowBatch? {
    let job = ahead.withLock { ahead in
      defer { ahead = nil }
      return ahead
    }
    guard let job else { return nil }
    do {
      let file = self.file
      let filled = try await withTaskCancellationHandler {
        try await job.value
      } onCancel: {
        file.cancel()
      }
      if !filled.isLast {
        let filler = self.filler
        ahead.withLock { $0 = file.start { _ in try filler.fill() } }
      }
      return filled.batch.isEmpty ? nil : filled.batch
    } catch is CancellationError where !Task.isCancelled {
      throw Failure(
        "connection_closed",
        "the file was closed while \(filler.source) was being read",
        recovery: .failRun
      )
    } catch {
      throw SQLiteFailure.failure(error, source: filler.source)
    }
  }

  struct Filled: Sendable {
    var batch: RowBatch
    var isLast: Bool
  }

  /// Copies rows from SQLite's memory into batches.
  ///
  /// Safety: its state is only touched by jobs of the file's thread, which run one at a time; the
  /// statement is owned by the connection's cache too, which outlives those jobs.
  final class Filler: @unchecked Sendable {
    /// For messages.
    let source: String
    private let statement: SQLiteStatement
    let columns: [SourceColumn]
    private var builder = RowBatchBuilder()

    init(
      _ source: SQLiteSource,
      _ columns: SourceColumns,
      from: Timestamp?,
      _ connection: SQLiteConnection
    ) throws {
      self.source = source.name
      self.columns = columns.entries.map(\.column)
      let instant = source.instant(of: columns)
      // The instant stands for UPDATED_AT, which comes first.
      let names = columns.entries.dropFirst().map { "s.\(TableName.quoted($0.name))" }
      var condition = "\(instant) IS NOT NULL"
      if from != nil { condition += " AND \(instant) >= ?1" }
      statement = try connection.statement(
        """
        SELECT \(([instant] + names).joined(separator: ", ")) FROM \(source.from) \
        WHERE \(condition) ORDER BY 1
        """
      )
      if let from { statement.bind(from.nanoseconds, at: 1) }
    }

    /// Of the rows of one user, newest first.
    init(
      _ source: SQLiteSource,
      _ columns: SourceColumns,
      of user: SourceUser,
      limit: Int,
      _ connection: SQLiteConnection
    ) throws {
      self.source = source.name
      self.columns = columns.entries.map(\.column)
      let instant = source.instant(of: columns)
      let names = columns.entries.dropFirst().map { "s.\(TableName.quoted($0.name))" }
      let condition = try source.condition(for: user, columns)
      statement = try connection.statement(
        """
        SELECT \(([instant] + names).joined(separator: ", ")) FROM \(source.from) \
        WHERE \(instant) IS NOT NULL AND \(condition.sql) ORDER BY 1 DESC LIMIT \(limit)
        """
      )
      for (index, value) in condition.values.enumerated() {
        statement.bind(text: value, at: index + 1)
      }
    }

    func fill() throws -> Filled {
      while try statement.step() {
        var row = SourceRow()
        row.updatedAt = Timestamp(nanoseconds: statement.int64(0))
        for index in 1..<columns.count { row.set(columns[index], statement.bytes(index)) }
        builder.append(row)
        if builder.isFull { return Filled(batch: builder.take(), isLast: false) }
      }
      statement.reset()
      return Filled(batch: builder.take(), isLast: true)
    }
  }
}
