// Fields with presence, repeated fields and maps: what several messages would otherwise repeat.

extension WireReader {
  /// Reads a sub-message field; a second occurrence merges, as proto3 demands.
  public mutating func message<M: WireMessage>(into message: inout M?) throws(WireError) {
    var merged = message ?? M()
    try self.message(into: &merged)
    message = merged
  }

  /// Reads one entry of a `map<string, string>`. A missing key or value is the empty string, and the
  /// last entry of a key wins.
  public mutating func entry(into map: inout [String: String]) throws(WireError) {
    var entry = StringEntry()
    try message(into: &entry)
    map[entry.key] = entry.value
  }
}

extension WireWriter {
  /// An `optional` field: written whenever it is set, also at 0.
  public mutating func optionalInt64(_ number: UInt32, _ value: Int64?) {
    if let value { alwaysInt64(number, value) }
  }

  /// An `optional` field: written whenever it is set, also when it is empty.
  public mutating func optionalString(_ number: UInt32, _ value: String?) {
    if let value { alwaysString(number, value) }
  }

  public mutating func strings(_ number: UInt32, _ values: [String]) {
    for value in values { alwaysString(number, value) }
  }

  public mutating func messages(_ number: UInt32, _ values: [some WireMessage]) {
    for value in values { message(number, value) }
  }

  /// Writes a map sorted by the keys' UTF-8 bytes, so that equal messages have equal bytes.
  public mutating func map(_ number: UInt32, _ map: [String: String]) {
    for (key, value) in map.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      message(number, StringEntry(key: key, value: value))
    }
  }
}

/// What a `map<string, string>` is made of on the wire: key 1, value 2, both always written, as the
/// reference implementations do.
private struct StringEntry: WireMessage {
  var key = ""
  var value = ""

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): key = try reader.string()
      case (2, .lengthDelimited): value = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.alwaysString(1, key)
    writer.alwaysString(2, value)
  }
}
