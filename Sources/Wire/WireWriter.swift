/// Writes protobuf fields into one growing buffer.
///
/// The field methods leave out proto3 defaults (0, false, empty), as canonical encoders do; the
/// `always` variants write them, for `optional` fields that are set and for `repeated` elements.
public struct WireWriter {
  public internal(set) var bytes: [UInt8] = []

  private static let longValue = 4096
  /// A tag and a length take at most this.
  private static let greatestPrefix = 15

  public init() {}

  public init(reservingCapacity capacity: Int) { bytes.reserveCapacity(capacity) }

  // MARK: Fields

  public mutating func uint64(_ number: UInt32, _ value: UInt64) {
    if value != 0 { alwaysUInt64(number, value) }
  }
  public mutating func alwaysUInt64(_ number: UInt32, _ value: UInt64) {
    tag(number, .varint)
    varint(value)
  }
  public mutating func int64(_ number: UInt32, _ value: Int64) {
    uint64(number, UInt64(bitPattern: value))
  }
  public mutating func alwaysInt64(_ number: UInt32, _ value: Int64) {
    alwaysUInt64(number, UInt64(bitPattern: value))
  }
  public mutating func uint32(_ number: UInt32, _ value: UInt32) { uint64(number, UInt64(value)) }
  /// A negative value takes ten bytes, as the specification says.
  public mutating func int32(_ number: UInt32, _ value: Int32) { int64(number, Int64(value)) }
  public mutating func bool(_ number: UInt32, _ value: Bool) { uint64(number, value ? 1 : 0) }

  public mutating func alwaysSFixed64(_ number: UInt32, _ value: Int64) {
    tag(number, .fixed64)
    littleEndian(value)
  }
  public mutating func double(_ number: UInt32, _ value: Double) {
    // Minus zero is not the default: its bits are.
    if value.bitPattern != 0 { alwaysSFixed64(number, Int64(bitPattern: value.bitPattern)) }
  }

  public mutating func string(_ number: UInt32, _ value: String) {
    if !value.isEmpty { alwaysString(number, value) }
  }
  public mutating func alwaysString(_ number: UInt32, _ value: String) {
    tag(number, .lengthDelimited)
    varint(UInt64(value.utf8.count))
    bytes.append(contentsOf: value.utf8)
  }
  public mutating func byteArray(_ number: UInt32, _ value: [UInt8]) {
    if !value.isEmpty { value.withUnsafeBytes { always(number, $0) } }
  }
  public mutating func always(_ number: UInt32, _ value: UnsafeRawBufferPointer) {
    reserve(value.count)
    tag(number, .lengthDelimited)
    varint(UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  /// Makes room for a field's value and its length at once. The first field is often most of the
  /// message; and an array that grows by itself would double for a long value's last byte.
  private mutating func reserve(_ count: Int) {
    let needed = bytes.count + count + Self.greatestPrefix
    guard needed > bytes.capacity else { return }
    if bytes.isEmpty {
      bytes.reserveCapacity(needed)
    } else if count >= Self.longValue {
      bytes.reserveCapacity(needed + needed / 8)
    }
  }

  /// Writes a sub-message, also an empty one: presence is information.
  public mutating func message(_ number: UInt32, _ value: some WireMessage) {
    delimited(number) { value.encode(into: &$0) }
  }
  public mutating func message<M: WireMessage>(_ number: UInt32, _ value: M?) {
    if let value { message(number, value) }
  }

  /// Writes a length-delimited field whose content `body` writes.
  public mutating func delimited(_ number: UInt32, _ body: (inout WireWriter) -> Void) {
    tag(number, .lengthDelimited)
    lengthPrefixed(body)
  }

  /// Writes what `body` writes after its length.
  mutating func lengthPrefixed(_ body: (inout WireWriter) -> Void) {
    // One byte is held for the length, as most sub-messages are short; a longer one moves up.
    let lengthAt = bytes.count
    bytes.append(0)
    body(&self)
    let length = bytes.count - lengthAt - 1
    if length < 0x80 {
      bytes[lengthAt] = UInt8(truncatingIfNeeded: length)
    } else {
      bytes.replaceSubrange(lengthAt...lengthAt, with: WireWriter.varintBytes(UInt64(length)))
    }
  }

  // MARK: Raw

  /// Appends fields that are already encoded.
  public mutating func raw(_ encoded: [UInt8]) { bytes.append(contentsOf: encoded) }

  mutating func text(_ utf8: String.UTF8View) { bytes.append(contentsOf: utf8) }

  /// Appends an integer's bytes, least significant first.
  mutating func littleEndian(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  @inline(__always)
  public mutating func tag(_ number: UInt32, _ type: WireType) {
    varint(UInt64(number) << 3 | UInt64(type.rawValue))
  }

  @inline(__always)
  public mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private static func varintBytes(_ value: UInt64) -> [UInt8] {
    var writer = WireWriter()
    writer.varint(value)
    return writer.bytes
  }
}
