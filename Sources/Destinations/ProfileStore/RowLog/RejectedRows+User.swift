import Destination
import SQLDatabase
import SyncModel

extension RejectedRows {
  /// A user's rows in the log, newest first. The log has identifiers as they are shown to people, of
  /// every column that was filled; so they are looked for.
  /// - Parameter incarnation: of the sync that asks, of which nothing may have come here yet.
  static func rows(
    of user: ProfileIdentifier,
    workspace: String,
    sync name: String,
    incarnation: UInt64,
    limit: Int,
    _ connection: any SQLConnection
  ) throws -> [RowRejection] {
    guard let workspace = try Workspace.find(workspace, connection),
      let sync = try SyncRecord.find(workspace: workspace.id, name: name, connection)
    else { return [] }
    let wanted = shown(user)
    var found: [RowRejection] = []
    // SQLite's LIKE takes letters of either case for equal: what it finds is compared once more.
    let statement = try connection.prepare(
      """
      SELECT \(columns)
      FROM rejected_rows WHERE sync = ?1 AND identifier LIKE ?2 ESCAPE '\\' AND incarnation >= ?3
      ORDER BY id DESC
      """
    )
    statement.bind(sync.id, at: 1)
    statement.bind(text: "%" + escaped(wanted) + "%", at: 2)
    statement.bind(Int64(clamping: incarnation), at: 3)
    defer { statement.reset() }
    while found.count < limit, try statement.step() {
      let row = RowRejection(statement)
      if has(row.identifier, wanted) { found.append(row) }
    }
    return found
  }

  private static func shown(_ user: ProfileIdentifier) -> String {
    func bytes(_ value: String, _ set: (inout SourceRow, UnsafeRawBufferPointer) -> Void) -> String
    {
      Array(value.utf8).withUnsafeBytes { bytes in
        var row = SourceRow()
        set(&row, bytes)
        return RowIdentifierText.describe(row)
      }
    }
    switch user {
    case .externalID(let value): return bytes(value) { $0.externalID = $1 }
    case .brazeID(let value): return bytes(value) { $0.brazeID = $1 }
    case .email(let value): return bytes(value) { $0.email = $1 }
    case .phone(let value): return bytes(value) { $0.phone = $1 }
    case .alias(let name, let label):
      return bytes(name) { $0.aliasName = $1 } + ", " + bytes(label) { $0.aliasLabel = $1 }
    }
  }

  /// Whether the wanted columns are among those of the log's text, by their bytes.
  private static func has(_ identifier: String, _ wanted: String) -> Bool {
    let (text, part) = (Array(identifier.utf8), Array(wanted.utf8))
    let separator = Array(", ".utf8)
    guard text.count >= part.count else { return false }
    return (0...(text.count - part.count)).contains { start in
      let end = start + part.count
      guard text[start..<end].elementsEqual(part) else { return false }
      let begins = start == 0 || text[..<start].reversed().starts(with: separator.reversed())
      return begins && (end == text.count || text[end...].starts(with: separator))
    }
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      if character == "%" || character == "_" || character == "\\" { result.append("\\") }
      result.unicodeScalars.append(character)
    }
    return result
  }
}
