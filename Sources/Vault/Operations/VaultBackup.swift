import Crypto
import RPC
import SQLDatabase

/// A vault as one file, whatever database it lies in: each row of each table, encrypted as it is
/// there, and a digest at the end.
///
///     "SLUICE-VAULT-BACKUP/1\n"
///     row:  length (UInt32, big endian), table (UInt8), then each column: its kind (1 integer, 2 text,
///           3 blob), for an integer 8 bytes, else a length (UInt32) and the bytes
///     end:  length 33, table 255, SHA-256 of everything before
///
/// That nothing in it was changed is for the manifest and the MACs to say, when it is restored.
enum VaultBackup {
  static let magic = Array("SLUICE-VAULT-BACKUP/1\n".utf8)
  private static let end: UInt8 = 255

  static func write(from connection: any SQLConnection) throws -> [UInt8] {
    var bytes = magic
    for (index, table) in VaultTable.all.enumerated() {
      try table.forEachRow(in: connection) { values in
        var row = [UInt8(index)]
        for value in values { append(value, to: &row) }
        append(UInt32(row.count), to: &bytes)
        bytes += row
      }
    }
    let digest = SHA256.digest(bytes).bytes
    append(UInt32(1 + digest.count), to: &bytes)
    return bytes + [end] + digest
  }

  /// The rows of a backup, each with its table.
  /// - Throws: INVALID_ARGUMENT `invalid_backup` for what is none, is cut short or damaged.
  static func read(_ bytes: [UInt8]) throws(RPCError) -> [(VaultTable, [SQLValue])] {
    guard bytes.starts(with: magic) else { throw refusal("it is no backup of a vault") }
    var rows: [(VaultTable, [SQLValue])] = []
    var reader = Reader(bytes: bytes, index: magic.count)
    while true {
      let start = reader.index
      guard let length = reader.number(4).flatMap({ Int(exactly: $0) }), length > 0,
        let row = reader.bytes(length)
      else { throw refusal("it is cut short") }
      if row.first == end {
        guard Array(row.dropFirst()) == SHA256.digest(Array(bytes[..<start])).bytes else {
          throw refusal("it is damaged")
        }
        guard reader.index == bytes.count else { throw refusal("there is more after its end") }
        return rows
      }
      var columns = Reader(bytes: row, index: 1)
      guard let table = row.first, Int(table) < VaultTable.all.count,
        let values = columns.values(of: VaultTable.all[Int(table)])
      else { throw refusal("it is damaged") }
      rows.append((VaultTable.all[Int(table)], values))
    }
  }

  private static func append(_ value: SQLValue, to row: inout [UInt8]) {
    switch value {
    case .integer(let number):
      row.append(1)
      withUnsafeBytes(of: number.bigEndian) { row.append(contentsOf: $0) }
    case .text(let text):
      row.append(2)
      append(UInt32(text.utf8.count), to: &row)
      row += text.utf8
    case .blob(let bytes):
      row.append(3)
      append(UInt32(bytes.count), to: &row)
      row += bytes
    // No table has such a column.
    case .null, .real: row.append(0)
    }
  }

  private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private static func refusal(_ what: String) -> RPCError {
    .invalid("the backup cannot be restored: \(what)", reason: "invalid_backup")
  }

  private struct Reader {
    let bytes: [UInt8]
    var index: Int

    mutating func number(_ width: Int) -> UInt64? {
      bytes(width).map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
    }

    mutating func bytes(_ count: Int) -> [UInt8]? {
      guard count <= bytes.count - index else { return nil }
      defer { index += count }
      return Array(bytes[index..<(index + count)])
    }

    mutating func values(of table: VaultTable) -> [SQLValue]? {
      var values: [SQLValue] = []
      for column in table.columns {
        switch (column, number(1)) {
        case (.integer, 1):
          guard let number = number(8) else { return nil }
          values.append(.integer(Int64(bitPattern: number)))
        case (.text, 2):
          guard let bytes = delimited(), let text = String(validating: bytes, as: UTF8.self) else {
            return nil
          }
          values.append(.text(text))
        case (.blob, 3):
          guard let bytes = delimited() else { return nil }
          values.append(.blob(bytes))
        default: return nil
        }
      }
      return index == bytes.count ? values : nil
    }

    private mutating func delimited() -> [UInt8]? {
      number(4).flatMap { Int(exactly: $0) }.flatMap { bytes($0) }
    }
  }
}
