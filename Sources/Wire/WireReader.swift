/// Reads protobuf fields, in order, out of bytes that somebody else owns.
///
/// Nothing is copied until a field asks for a `String` or an array. Every length is compared with
/// what is left before it is used (`length <= end - index`, never `index + length <= end`, which
/// could overflow), so no input can make a reader trap.
///
/// Safety: the reader borrows `bytes`; it must not outlive the closure that lent them.
public struct WireReader {
  /// Sub-messages and groups may nest this deep, as in the reference implementations.
  public static let maximumDepth = 100

  /// What is read from; positions in `range` results are offsets into it.
  public let bytes: UnsafeRawBufferPointer
  /// Offset of the next unread byte.
  @inlinable public var index: Int { position }
  @usableFromInline var position: Int
  @usableFromInline let end: Int
  @usableFromInline let depth: Int

  public init(_ bytes: UnsafeRawBufferPointer) {
    self.init(bytes, from: 0, to: bytes.count, depth: 0)
  }

  private init(_ bytes: UnsafeRawBufferPointer, from: Int, to: Int, depth: Int) {
    self.bytes = bytes
    self.position = from
    self.end = to
    self.depth = depth
  }

  @inlinable public var isAtEnd: Bool { position == end }

  // MARK: Tags

  /// The next field's tag, or nil at the end of the message.
  ///
  /// A field whose number is known but whose wire type is not the declared one is, in proto3, an
  /// unknown field: match on both (`case (1, .lengthDelimited):`) and `skip` the rest.
  @inlinable @inline(__always)
  public mutating func nextTag() throws(WireError) -> (number: UInt32, type: WireType)? {
    if position == end { return nil }
    let start = position
    let raw = try varint()
    // A tag of 32 bits needs five bytes; the reference refuses one that is padded beyond them.
    guard raw <= UInt64(UInt32.max), position &- start <= 5,
      let type = WireType(rawValue: UInt8(truncatingIfNeeded: raw & 7)),
      raw >> 3 != 0
    else { throw .invalidTag }
    return (UInt32(truncatingIfNeeded: raw >> 3), type)
  }

  /// Passes over the value of an unknown field.
  @inlinable
  public mutating func skip(_ number: UInt32, _ type: WireType) throws(WireError) {
    switch type {
    case .varint: _ = try varint()
    case .fixed64: try advance(8)
    case .fixed32: try advance(4)
    case .lengthDelimited: _ = try range()
    case .startGroup: try skipGroup(number, depth: depth)
    case .endGroup: throw .unbalancedGroup
    }
  }

  @usableFromInline
  mutating func skipGroup(_ number: UInt32, depth: Int) throws(WireError) {
    guard depth < Self.maximumDepth else { throw .tooDeep }
    while let tag = try nextTag() {
      switch tag.type {
      case .endGroup:
        guard tag.number == number else { throw .unbalancedGroup }
        return
      case .startGroup: try skipGroup(tag.number, depth: depth + 1)
      default: try skip(tag.number, tag.type)
      }
    }
    throw .truncated
  }

  // MARK: Scalars

  @inlinable @inline(__always)
  public mutating func varint() throws(WireError) -> UInt64 {
    guard position < end else { throw .truncated }
    let first = bytes[position]
    if first < 0x80 {
      position &+= 1
      return UInt64(first)
    }
    return try longVarint()
  }

  @usableFromInline
  mutating func longVarint() throws(WireError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard position < end else { throw .truncated }
      let byte = bytes[position]
      position &+= 1
      // The tenth byte holds one bit.
      if shift == 63, byte > 1 { throw .varintTooLong }
      value |= UInt64(byte & 0x7F) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
      if shift > 63 { throw .varintTooLong }
    }
  }

  @inlinable
  public mutating func fixed64() throws(WireError) -> UInt64 {
    let at = position
    try advance(8)
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
  }

  @inlinable
  public mutating func fixed32() throws(WireError) -> UInt32 {
    let at = position
    try advance(4)
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
  }

  @inlinable
  public mutating func uint64() throws(WireError) -> UInt64 { try varint() }
  @inlinable
  public mutating func int64() throws(WireError) -> Int64 { Int64(bitPattern: try varint()) }
  /// Longer varints are truncated to 32 bits, as the specification says.
  @inlinable
  public mutating func uint32() throws(WireError) -> UInt32 {
    UInt32(truncatingIfNeeded: try varint())
  }
  @inlinable
  public mutating func int32() throws(WireError) -> Int32 {
    Int32(truncatingIfNeeded: Int64(bitPattern: try varint()))
  }
  @inlinable
  public mutating func bool() throws(WireError) -> Bool { try varint() != 0 }
  @inlinable
  public mutating func sint64() throws(WireError) -> Int64 {
    let raw = try varint()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }
  @inlinable
  public mutating func sfixed64() throws(WireError) -> Int64 { Int64(bitPattern: try fixed64()) }
  @inlinable
  public mutating func double() throws(WireError) -> Double { Double(bitPattern: try fixed64()) }
  /// Longer varints are cut to 32 bits before the sign is taken out, as the reference does.
  @inlinable
  public mutating func sint32() throws(WireError) -> Int32 {
    let raw = try uint32()
    return Int32(bitPattern: raw >> 1) ^ -Int32(bitPattern: raw & 1)
  }
  @inlinable
  public mutating func sfixed32() throws(WireError) -> Int32 { Int32(bitPattern: try fixed32()) }
  @inlinable
  public mutating func float() throws(WireError) -> Float { Float(bitPattern: try fixed32()) }

  // MARK: Length-delimited

  /// Where the next length-delimited value lies in `bytes`; nothing is copied.
  @inlinable @inline(__always)
  public mutating func range() throws(WireError) -> Range<Int> {
    let beginning = position
    let length = try varint()
    guard length <= UInt64(end &- position) else { throw .truncated }
    // As with a tag: the reference refuses a length that is padded beyond the bytes of 32 bits.
    guard position &- beginning <= 5 else { throw .invalidLength }
    let start = position
    position = start &+ Int(truncatingIfNeeded: length)
    return start..<position
  }

  /// The next length-delimited value, borrowed from `bytes`.
  @inlinable @inline(__always)
  public mutating func view() throws(WireError) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[try range()])
  }

  public mutating func byteArray() throws(WireError) -> [UInt8] { [UInt8](try view()) }

  public mutating func string() throws(WireError) -> String {
    let view = try view()
    // `String(decoding:)` would repair bad bytes, and two different texts would become one.
    guard let text = String(validating: view, as: UTF8.self) else { throw .invalidUTF8 }
    return text
  }

  /// Reads a sub-message into `message`; a second occurrence merges, as proto3 demands.
  public mutating func message<M: WireMessage>(into message: inout M) throws(WireError) {
    var inner = try nested()
    try message.merge(from: &inner)
  }

  /// Lends a reader of the next length-delimited value: a packed field's elements.
  mutating func packed() throws(WireError) -> WireReader {
    let range = try range()
    return WireReader(bytes, from: range.lowerBound, to: range.upperBound, depth: depth)
  }

  /// Lends a reader of the next length-delimited value, one level deeper: a map's entry.
  mutating func nested() throws(WireError) -> WireReader {
    guard depth < Self.maximumDepth else { throw .tooDeep }
    let range = try range()
    return WireReader(bytes, from: range.lowerBound, to: range.upperBound, depth: depth + 1)
  }

  /// Reads one element of a `repeated` sub-message field.
  public mutating func message<M: WireMessage>(_: M.Type = M.self) throws(WireError) -> M {
    var element = M()
    try message(into: &element)
    return element
  }

  @inlinable @inline(__always)
  mutating func advance(_ count: Int) throws(WireError) {
    guard count <= end &- position else { throw .truncated }
    position &+= count
  }
}
