import SyncModel

/// When an attribute was last set or removed, and by whom.
struct AttributeVersion: Sendable, Equatable, BitwiseCopyable {
  /// The row's UPDATED_AT (design, decision 5).
  var stamp: Int64
  /// The row of `origins` that names the sync and the run.
  var origin: Int64
}

/// All attributes of a profile as one compact value, read in the order of their names' bytes.
///
/// A removed attribute stays as a mark without a value, so that an older row which comes late cannot
/// bring it back. Layout, numbers little-endian: format 2; UInt32 offset of the versions; for each
/// attribute: length and bytes of the name, length + 1 (0: removed) and bytes of the value's JSON
/// text, twice the index of its version, plus 1 where another version assigned it last, and then the
/// index of that plus 1 (0: none did, operators alone made it); then the count of the versions, and
/// stamp and origin of each. Attributes that one row set share one version, so mostly a version costs
/// one byte. Format 1 has no assigning versions: the index is not doubled.
struct StoredAttributes {
  struct Entry {
    var name: UnsafeRawBufferPointer
    /// nil: removed.
    var value: UnsafeRawBufferPointer?
    /// What changed it last.
    var version: Int
    /// What assigned it last, whatever operators did since; nil when nothing did.
    var assigned: Int?
    /// Name and value as they are stored, without the version.
    var content: UnsafeRawBufferPointer
  }

  static let format: UInt8 = 2
  static let headerSize = 5

  private var entries: StoredBytesReader
  private let table: Int
  private var hasAssigned = true

  /// - Parameter bytes: what a merge wrote, or nothing: a profile without attributes.
  init(_ bytes: UnsafeRawBufferPointer) throws(DamagedValue) {
    guard bytes.count > 0 else {
      entries = StoredBytesReader(bytes)
      table = 0
      return
    }
    var header = StoredBytesReader(bytes)
    let format = try header.byte()
    guard format == Self.format || format == 1 else {
      throw DamagedValue(what: "attributes of an unknown format")
    }
    hasAssigned = format == Self.format
    let table = Int(try header.uint32())
    guard table >= Self.headerSize, table <= bytes.count else {
      throw DamagedValue(what: "attributes' versions out of place")
    }
    self.table = table
    entries = StoredBytesReader(bytes, from: Self.headerSize, to: table)
  }

  mutating func next() throws(DamagedValue) -> Entry? {
    guard !entries.isAtEnd else { return nil }
    let start = entries.index
    let name = try entries.view(try entries.varint())
    let size = try entries.varint()
    let value = size == 0 ? nil : try entries.view(size - 1)
    let content = UnsafeRawBufferPointer(rebasing: entries.bytes[start..<entries.index])
    let tag = try entries.varint()
    guard let version = Int(exactly: hasAssigned ? tag >> 1 : tag) else {
      throw DamagedValue(what: "version")
    }
    var assigned: Int? = version
    if hasAssigned, tag & 1 == 1 {
      guard let other = Int(exactly: try entries.varint()) else {
        throw DamagedValue(what: "version")
      }
      assigned = other == 0 ? nil : other - 1
    }
    return Entry(
      name: name,
      value: value,
      version: version,
      assigned: assigned,
      content: content
    )
  }

  /// Replaces `versions` by those that the entries point to.
  func readVersions(into versions: inout TrivialStack<AttributeVersion>) throws(DamagedValue) {
    versions.truncate(to: 0)
    guard table > 0 else { return }
    var reader = StoredBytesReader(entries.bytes, from: table)
    var left = try reader.varint()
    while left > 0 {
      let stamp = try reader.int64()
      guard let origin = Int64(exactly: try reader.varint()) else {
        throw DamagedValue(what: "origin")
      }
      versions.push(AttributeVersion(stamp: stamp, origin: origin))
      left -= 1
    }
  }

  /// The JSON text of one attribute, found by its name; nil when it is unset or removed.
  static func value(
    of name: StaticString,
    in bytes: UnsafeRawBufferPointer
  ) throws(DamagedValue) -> UnsafeRawBufferPointer? {
    var attributes = try StoredAttributes(bytes)
    while let entry = try attributes.next() {
      if entry.name.sameBytes(as: name) { return entry.value }
    }
    return nil
  }
}
