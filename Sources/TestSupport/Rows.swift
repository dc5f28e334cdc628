public import SyncModel

extension RowBatch {
  /// A batch of rows that own their values; a test says what a driver would have read.
  public static func of(_ rows: [OwnedRow]) -> RowBatch {
    var builder = RowBatchBuilder(maximumRows: .max, targetBytes: .max)
    for row in rows { row.append(to: &builder) }
    return builder.take()
  }

  /// The rows of a batch as values that own their bytes.
  public var ownedRows: [OwnedRow] {
    var rows: [OwnedRow] = []
    forEachRow { _, row in rows.append(OwnedRow(row)) }
    return rows
  }
}

/// A `SourceRow` that owns its bytes. nil is NULL.
public struct OwnedRow: Sendable, Equatable {
  public var updatedAt: Timestamp
  public var externalID: [UInt8]?
  public var aliasName: [UInt8]?
  public var aliasLabel: [UInt8]?
  public var brazeID: [UInt8]?
  public var email: [UInt8]?
  public var phone: [UInt8]?
  public var payload: [UInt8]?
  public var oversizedPayload: UInt64?

  /// A row of text values.
  public init(
    updatedAt: Int64,
    externalID: String? = nil,
    aliasName: String? = nil,
    aliasLabel: String? = nil,
    brazeID: String? = nil,
    email: String? = nil,
    phone: String? = nil,
    payload: String? = nil
  ) {
    self.updatedAt = Timestamp(nanoseconds: updatedAt)
    self.externalID = externalID.map { Array($0.utf8) }
    self.aliasName = aliasName.map { Array($0.utf8) }
    self.aliasLabel = aliasLabel.map { Array($0.utf8) }
    self.brazeID = brazeID.map { Array($0.utf8) }
    self.email = email.map { Array($0.utf8) }
    self.phone = phone.map { Array($0.utf8) }
    self.payload = payload.map { Array($0.utf8) }
  }

  public init(_ row: SourceRow) {
    updatedAt = row.updatedAt
    externalID = row.externalID.map { Array($0) }
    aliasName = row.aliasName.map { Array($0) }
    aliasLabel = row.aliasLabel.map { Array($0) }
    brazeID = row.brazeID.map { Array($0) }
    email = row.email.map { Array($0) }
    phone = row.phone.map { Array($0) }
    payload = row.payload.map { Array($0) }
    oversizedPayload = row.oversizedPayload
  }

  /// Lends the row as a driver would.
  public func append(to builder: inout RowBatchBuilder) {
    withView { builder.append($0) }
  }

  /// Safety: the views are valid only inside `body`.
  public func withView<Result>(_ body: (SourceRow) throws -> Result) rethrows -> Result {
    var row = SourceRow()
    row.updatedAt = updatedAt
    row.oversizedPayload = oversizedPayload
    return try lend(externalID) { external in
      row.externalID = external
      return try lend(aliasName) { name in
        row.aliasName = name
        return try lend(aliasLabel) { label in
          row.aliasLabel = label
          return try lend(brazeID) { braze in
            row.brazeID = braze
            return try lend(email) { email in
              row.email = email
              return try lend(phone) { phone in
                row.phone = phone
                return try lend(payload) { payload in
                  row.payload = payload
                  return try body(row)
                }
              }
            }
          }
        }
      }
    }
  }

  /// Safety: the buffer is valid only inside `body`.
  private func lend<Result>(
    _ bytes: [UInt8]?,
    _ body: (UnsafeRawBufferPointer?) throws -> Result
  ) rethrows -> Result {
    guard let bytes else { return try body(nil) }
    return try bytes.withUnsafeBytes { try body($0) }
  }
}
