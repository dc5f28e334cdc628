public import SyncModel

/// How a user is named in a source's columns: one of the five ways.
public enum SourceUser: Sendable, Equatable {
  case externalID(String)
  case alias(name: String, label: String)
  case brazeID(String)
  case email(String)
  case phone(String)

  /// The columns that must hold these values.
  public var columns: [(column: SourceColumn, value: String)] {
    switch self {
    case .externalID(let value): [(.externalID, value)]
    case .alias(let name, let label): [(.aliasName, name), (.aliasLabel, label)]
    case .brazeID(let value): [(.brazeID, value)]
    case .email(let value): [(.email, value)]
    case .phone(let value): [(.phone, value)]
    }
  }
}

/// The rows of one user, whatever the cursor.
public struct UserRows: Sendable, Equatable {
  /// Newest UPDATED_AT first, each row a batch of its own.
  public var rows: [RowBatch]
  /// There are more rows than were asked for.
  public var hasMore: Bool
  /// Rows without UPDATED_AT, which no run reads; counted up to the limit.
  public var rowsWithoutUpdatedAt: Int64
  /// The warehouse's own clock at the query.
  public var warehouseTime: Timestamp

  public init(
    rows: [RowBatch],
    hasMore: Bool,
    rowsWithoutUpdatedAt: Int64,
    warehouseTime: Timestamp
  ) {
    self.rows = rows
    self.hasMore = hasMore
    self.rowsWithoutUpdatedAt = rowsWithoutUpdatedAt
    self.warehouseTime = warehouseTime
  }

  /// Reads a result to its end.
  ///
  /// - Parameter reader: over the user's rows, newest first, of which there may be one more than
  ///   `limit`.
  public init(
    reading reader: any ChangeReader,
    limit: Int,
    rowsWithoutUpdatedAt: Int64
  ) async throws {
    var rows: [RowBatch] = []
    var builder = RowBatchBuilder(maximumRows: 1)
    var seen = 0
    while let batch = try await reader.nextBatch() {
      batch.forEachRow { _, row in
        seen += 1
        guard rows.count < limit else { return }
        builder.append(row)
        rows.append(builder.take())
      }
    }
    self.init(
      rows: rows,
      hasMore: seen > limit,
      rowsWithoutUpdatedAt: rowsWithoutUpdatedAt,
      warehouseTime: reader.warehouseTime
    )
  }
}
