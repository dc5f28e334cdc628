import SyncModel

/// A row that owns its bytes: what a driver lends, and what a batch gave back.
struct TestRow: Equatable {
  var updatedAt: Int64
  /// external id, alias name, alias label, braze id, email, phone, payload; nil is NULL.
  var values: [[UInt8]?]
  var oversizedPayload: UInt64?

  init(updatedAt: Int64, bytes: [[UInt8]?], oversizedPayload: UInt64? = nil) {
    self.updatedAt = updatedAt
    values = bytes + [[UInt8]?](repeating: nil, count: 7 - bytes.count)
    self.oversizedPayload = oversizedPayload
  }

  init(updatedAt: Int64, values: [String?]) {
    self.init(updatedAt: updatedAt, bytes: values.map { $0.map { Array($0.utf8) } })
  }

  init(_ row: SourceRow) {
    updatedAt = row.updatedAt.nanoseconds
    values = [
      row.externalID, row.aliasName, row.aliasLabel, row.brazeID, row.email, row.phone, row.payload,
    ].map { $0.map { Array($0) } }
    oversizedPayload = row.oversizedPayload
  }

  func append(to builder: inout RowBatchBuilder) {
    // All values in one array, so that one closure lends them all.
    let joined = values.compactMap(\.self).flatMap(\.self)
    joined.withUnsafeBytes { bytes in
      var at = 0
      let views = values.map { value -> UnsafeRawBufferPointer? in
        guard let value else { return nil }
        defer { at += value.count }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<at + value.count])
      }
      var row = SourceRow()
      row.updatedAt = Timestamp(nanoseconds: updatedAt)
      row.externalID = views[0]
      row.aliasName = views[1]
      row.aliasLabel = views[2]
      row.brazeID = views[3]
      row.email = views[4]
      row.phone = views[5]
      row.payload = views[6]
      row.oversizedPayload = oversizedPayload
      builder.append(row)
    }
  }
}

extension [TestRow] {
  func batch() -> RowBatch {
    var builder = RowBatchBuilder()
    for row in self { row.append(to: &builder) }
    return builder.take()
  }
}

extension RowBatch {
  var testRows: [TestRow] {
    var rows: [TestRow] = []
    forEachRow { index, row in
      // The index counts the rows.
      if index == rows.count { rows.append(TestRow(row)) }
    }
    return rows
  }
}
