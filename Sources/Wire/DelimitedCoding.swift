// The kinds of values that have a length.

public enum StringCoding: WireCoding {
  public static var type: WireType { .lengthDelimited }
  public static var absent: String { "" }
  public static func isDefault(_ value: String) -> Bool { value.isEmpty }
  public static func read(
    _ value: inout String,
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.string()
  }
  public static func write(_ value: String, to writer: inout WireWriter) {
    writer.varint(UInt64(value.utf8.count))
    writer.text(value.utf8)
  }
}

/// Text that is compared by its bytes, as map keys have to be: Swift's `String` takes "é" and
/// "e" with a combining accent for the same key, protobuf does not.
public struct WireText: Hashable, Sendable {
  public let utf8: [UInt8]

  public init(_ text: String) { utf8 = Array(text.utf8) }
}

/// `string` as `WireText`.
public enum TextCoding: WireKeyCoding {
  public static var type: WireType { .lengthDelimited }
  public static var absent: WireText { WireText("") }
  public static func isDefault(_ value: WireText) -> Bool { value.utf8.isEmpty }
  public static func precedes(_ a: WireText, _ b: WireText) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
  public static func read(
    _ value: inout WireText,
    from reader: inout WireReader
  ) throws(WireError) {
    value = WireText(try reader.string())
  }
  public static func write(_ value: WireText, to writer: inout WireWriter) {
    BytesCoding.write(value.utf8, to: &writer)
  }
}

public enum BytesCoding: WireCoding {
  public static var type: WireType { .lengthDelimited }
  public static var absent: [UInt8] { [] }
  public static func isDefault(_ value: [UInt8]) -> Bool { value.isEmpty }
  public static func read(
    _ value: inout [UInt8],
    from reader: inout WireReader
  ) throws(WireError) {
    value = try reader.byteArray()
  }
  public static func write(_ value: [UInt8], to writer: inout WireWriter) {
    writer.varint(UInt64(value.count))
    writer.raw(value)
  }
}

/// A sub-message. It has presence: where a field may be absent, hold an optional.
public enum MessageCoding<M: WireMessage>: WireCoding {
  public static var type: WireType { .lengthDelimited }
  public static var absent: M { M() }
  public static func isDefault(_: M) -> Bool { false }
  public static func read(_ value: inout M, from reader: inout WireReader) throws(WireError) {
    try reader.message(into: &value)
  }
  public static func write(_ value: M, to writer: inout WireWriter) {
    writer.lengthPrefixed { value.encode(into: &$0) }
  }
}
