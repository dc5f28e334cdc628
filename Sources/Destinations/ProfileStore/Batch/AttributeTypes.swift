import SQLDatabase
import SyncModel

/// The types of a workspace's custom attributes, which the first value fixes for all its profiles
/// (R87). Each name is looked up once a batch.
struct AttributeTypes: ~Copyable {
  private struct Entry {
    var name: Range<Int>
    /// nil: no value has come yet.
    var type: AttributeType?
  }

  private let workspace: Int64
  private let select: any SQLStatement
  private let insert: any SQLStatement
  private var names = ByteSink(capacity: 1024)
  private var entries: [Entry] = []
  private var table = SlotTable(capacity: 64)

  init(_ workspace: Int64, _ connection: any SQLConnection) throws {
    let select = try connection.prepare(
      "SELECT type FROM attribute_types WHERE workspace = ?1 AND name = ?2"
    )
    let insert = try connection.prepare(
      "INSERT INTO attribute_types (workspace, name, type) VALUES (?1, ?2, ?3)"
    )
    self.workspace = workspace
    self.select = select
    self.insert = insert
  }

  /// The attribute's type, nil before its first value; and a number to fix it by.
  mutating func type(
    of name: UnsafeRawBufferPointer
  ) throws -> (type: AttributeType?, entry: Int) {
    let hash = name.quickHash
    let known = table.first(hash) { entry in
      UnsafeRawBufferPointer(rebasing: names.bytes[entries[entry].name]).sameBytes(as: name)
    }
    if let known { return (entries[known].type, known) }
    select.bind(workspace, at: 1)
    select.bind(blob: name, at: 2)
    let stored = try select.firstRow { $0.int64(0) }
    let type = stored.flatMap { UInt8(exactly: $0).flatMap(AttributeType.init(rawValue:)) }
    guard (stored == nil) == (type == nil) else { throw DamagedValue(what: "an attribute's type") }
    let start = names.count
    names.append(name)
    entries.append(Entry(name: start..<names.count, type: type))
    table.insert(hash, slot: entries.count - 1)
    return (type, entries.count - 1)
  }

  /// From now on, and for good, the attribute has this type.
  mutating func fix(_ entry: Int, _ type: AttributeType) throws {
    entries[entry].type = type
    insert.bind(workspace, at: 1)
    insert.bind(
      blob: UnsafeRawBufferPointer(rebasing: names.bytes[entries[entry].name]),
      at: 2
    )
    insert.bind(Int64(type.rawValue), at: 3)
    try insert.run()
  }
}
