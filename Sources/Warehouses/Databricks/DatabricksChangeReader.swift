import SyncModel
import Warehouse

/// The rows of a run as they stream in from the workspace's storage.
actor DatabricksChangeReader: ChangeReader {
  nonisolated let warehouseTime: Timestamp
  private let source: String
  nonisolated let columns: [SourceColumn]
  /// Where the size of a payload that the warehouse cut is found, after the columns.
  private let sizeColumn: Int?
  private let chunks: DatabricksChunks
  private let runner: DatabricksRunner
  private let rows: DatabricksRows
  private var builder = RowBatchBuilder()
  private var isAtEnd = false

  init(
    _ chunks: DatabricksChunks,
    runner: DatabricksRunner,
    source: String,
    columns: SourceColumns,
    warehouseTime: Timestamp
  ) {
    self.chunks = chunks
    self.runner = runner
    self.source = source
    self.columns = columns.entries.map(\.column)
    sizeColumn = columns.has(.payload) ? columns.entries.count : nil
    self.warehouseTime = warehouseTime
    rows = DatabricksRows(chunks, source: source)
  }

  deinit { chunks.close() }

  var reportedRowCount: Int64? { chunks.manifest.rowCount }

  func nextBatch() async throws -> RowBatch? {
    if isAtEnd { return nil }
    try Task.checkCancellation()
    if chunks.isClosed { throw DatabricksRunner.closed(source) }
    while try !fill() {
      let more = try await rows.fetch()
      try Task.checkCancellation()
      if !more {
        isAtEnd = true
        await runner.finish()
        return builder.isEmpty ? nil : builder.take()
      }
    }
    return builder.take()
  }

  /// - Returns: whether a batch is full.
  private func fill() throws -> Bool {
    try rows.drain { row in
      try self.append(row)
      return !self.builder.isFull
    }
  }

  private func append(_ cells: JSONCells.Lent) throws {
    var row = SourceRow()
    guard let micros = cells[0].flatMap(Self.integer) else {
      throw DatabricksFailure.unexpected("an UPDATED_AT of \(source) is no number of microseconds")
    }
    let (nanoseconds, isOut) = micros.multipliedReportingOverflow(by: 1000)
    row.updatedAt =
      isOut ? (micros < 0 ? .earliest : .latest) : Timestamp(nanoseconds: nanoseconds)
    for index in columns.indices.dropFirst() { row.set(columns[index], cells[index]) }
    if let sizeColumn, let size = cells[sizeColumn].flatMap(Self.integer) {
      row.oversizedPayload = UInt64(clamping: size)
    }
    builder.append(row)
  }

  /// A whole number in decimal digits.
  private static func integer(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    guard let first = bytes.first else { return nil }
    let isNegative = first == UInt8(ascii: "-")
    var value: Int64 = 0
    guard bytes.count > (isNegative ? 1 : 0) else { return nil }
    for byte in bytes.dropFirst(isNegative ? 1 : 0) {
      let digit = Int64(byte &- 48)
      guard byte &- 48 < 10 else { return nil }
      // Downwards: the smallest number has no positive counterpart.
      let (product, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isUnder) = product.subtractingReportingOverflow(digit)
      guard !isOver, !isUnder else { return nil }
      value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
  }
}
