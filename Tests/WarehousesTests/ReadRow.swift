import SyncModel
import Warehouse

/// A row as a driver gave it, owned.
struct ReadRow: Equatable {
  var updatedAt: Int64
  var externalID: String?
  var payload: String?
  var oversizedPayload: UInt64?
  var identifiers: [String: String] = [:]

  init(_ row: SourceRow) {
    func text(_ bytes: UnsafeRawBufferPointer?) -> String? {
      bytes.map { String(decoding: $0, as: UTF8.self) }
    }
    updatedAt = row.updatedAt.nanoseconds
    externalID = text(row.externalID)
    payload = text(row.payload)
    oversizedPayload = row.oversizedPayload
    identifiers["alias_name"] = text(row.aliasName)
    identifiers["alias_label"] = text(row.aliasLabel)
    identifiers["braze_id"] = text(row.brazeID)
    identifiers["email"] = text(row.email)
    identifiers["phone"] = text(row.phone)
  }
}

extension ChangeReader {
  /// Every row that is left, and how many batches they came in.
  func rest() async throws -> (rows: [ReadRow], batches: Int) {
    var rows: [ReadRow] = []
    var batches = 0
    while let batch = try await nextBatch() {
      batches += 1
      batch.forEachRow { _, row in rows.append(ReadRow(row)) }
    }
    return (rows, batches)
  }
}

extension WarehouseConnection {
  func rows(_ selection: RowSelection, _ data: DataType = .attributes, from: Timestamp? = nil)
    async throws -> [ReadRow]
  {
    try await readChanges(selection, data: data, from: from).rest().rows
  }
}

/// 2024-01-01T00:00:00Z, in nanoseconds.
let newYear: Int64 = 1_704_067_200_000_000_000
let second: Int64 = 1_000_000_000
let microsecond: Int64 = 1000
