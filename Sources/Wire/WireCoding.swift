/// One of protobuf's kinds of values, for what does not depend on the kind: packed and unpacked
/// repeated fields, maps, wrappers.
///
/// The messages of `Protos/` have few such fields and call `WireReader` and `WireWriter` directly.
public protocol WireCoding {
  associatedtype Value: Sendable
  static var type: WireType { get }
  /// The value of a field that did not come.
  static var absent: Value { get }
  /// Whether a field without presence leaves the value out.
  static func isDefault(_ value: Value) -> Bool
  /// Reads one value; into a message, it merges.
  static func read(_ value: inout Value, from reader: inout WireReader) throws(WireError)
  /// Writes one value without its tag.
  static func write(_ value: Value, to writer: inout WireWriter)
}

/// A kind that may be a map's key.
public protocol WireKeyCoding: WireCoding where Value: Hashable {
  /// The order in which a map is written, so that equal messages have equal bytes.
  static func precedes(_ a: Value, _ b: Value) -> Bool
}

extension WireKeyCoding where Value: Comparable {
  public static func precedes(_ a: Value, _ b: Value) -> Bool { a < b }
}

extension WireReader {
  /// Reads one occurrence of a repeated field: an element, or several that are packed. A reader has
  /// to take both, however the field is declared.
  public mutating func elements<C: WireCoding>(
    _: C.Type,
    _ type: WireType,
    into values: inout [C.Value]
  ) throws(WireError) {
    guard type == .lengthDelimited, C.type != .lengthDelimited else {
      var value = C.absent
      try C.read(&value, from: &self)
      return values.append(value)
    }
    var inner = try packed()
    while !inner.isAtEnd {
      var value = C.absent
      try C.read(&value, from: &inner)
      values.append(value)
    }
  }

  /// Reads one entry of a map. A missing key or value is its kind's default, unknown fields are
  /// dropped, and the last entry of a key wins.
  public mutating func entry<K: WireKeyCoding, V: WireCoding>(
    _: K.Type,
    _: V.Type,
    into map: inout [K.Value: V.Value]
  ) throws(WireError) {
    var inner = try nested()
    var key = K.absent
    var value = V.absent
    while let (number, type) = try inner.nextTag() {
      if number == 1, type == K.type {
        try K.read(&key, from: &inner)
      } else if number == 2, type == V.type {
        try V.read(&value, from: &inner)
      } else {
        try inner.skip(number, type)
      }
    }
    map[key] = value
  }
}

extension WireWriter {
  /// Writes a field without presence, unless it is at its default.
  public mutating func field<C: WireCoding>(_ number: UInt32, _: C.Type, _ value: C.Value) {
    if !C.isDefault(value) { alwaysField(number, C.self, value) }
  }

  public mutating func alwaysField<C: WireCoding>(_ number: UInt32, _: C.Type, _ value: C.Value) {
    tag(number, C.type)
    C.write(value, to: &self)
  }

  /// Writes a repeated field as one length and its elements, as proto3 does unless told otherwise.
  /// Only for numbers and booleans.
  public mutating func packed<C: WireCoding>(_ number: UInt32, _: C.Type, _ values: [C.Value]) {
    if values.isEmpty { return }
    delimited(number) { writer in
      for value in values { C.write(value, to: &writer) }
    }
  }

  /// Writes a repeated field with a tag for every element.
  public mutating func unpacked<C: WireCoding>(_ number: UInt32, _: C.Type, _ values: [C.Value]) {
    for value in values { alwaysField(number, C.self, value) }
  }

  /// Writes a map in the order of its keys, every key and value also at its default.
  public mutating func map<K: WireKeyCoding, V: WireCoding>(
    _ number: UInt32,
    _: K.Type,
    _: V.Type,
    _ map: [K.Value: V.Value]
  ) {
    for (key, value) in map.sorted(by: { K.precedes($0.key, $1.key) }) {
      delimited(number) { writer in
        writer.alwaysField(1, K.self, key)
        writer.alwaysField(2, V.self, value)
      }
    }
  }
}
