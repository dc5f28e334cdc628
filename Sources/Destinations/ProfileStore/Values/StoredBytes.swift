/// A value in the database that cannot be what this code wrote.
struct DamagedValue: Error {
  var what: StaticString
}

/// Reads the store's own binary values. Every length is checked: a damaged file ends in an error,
/// never in a trap.
///
/// Safety: borrows `bytes`.
struct StoredBytesReader {
  let bytes: UnsafeRawBufferPointer
  private(set) var index: Int
  let end: Int

  init(_ bytes: UnsafeRawBufferPointer, from start: Int = 0, to end: Int? = nil) {
    self.bytes = bytes
    index = start
    self.end = min(end ?? bytes.count, bytes.count)
  }

  var isAtEnd: Bool { index >= end }

  mutating func byte() throws(DamagedValue) -> UInt8 {
    guard index < end else { throw DamagedValue(what: "truncated") }
    defer { index &+= 1 }
    return bytes[index]
  }

  @inline(__always)
  mutating func varint() throws(DamagedValue) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      guard shift < 63 || next <= 1 else { throw DamagedValue(what: "number too long") }
      value |= UInt64(next & 0x7F) &<< shift
      if next < 0x80 { return value }
      shift &+= 7
    }
  }

  mutating func int64() throws(DamagedValue) -> Int64 {
    guard end - index >= 8 else { throw DamagedValue(what: "truncated") }
    defer { index &+= 8 }
    return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: Int64.self))
  }

  mutating func uint32() throws(DamagedValue) -> UInt32 {
    guard end - index >= 4 else { throw DamagedValue(what: "truncated") }
    defer { index &+= 4 }
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self))
  }

  @inline(__always)
  mutating func view(_ length: UInt64) throws(DamagedValue) -> UnsafeRawBufferPointer {
    guard index <= end, length <= UInt64(end - index) else { throw DamagedValue(what: "truncated") }
    let start = index
    index &+= Int(truncatingIfNeeded: length)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
  }
}
