import Glibc

extension UnsafeRawBufferPointer {
  /// Byte equality: the only equality for identifiers and names (design, decision 13).
  public func sameBytes(as other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard count > 0, let a = baseAddress, let b = other.baseAddress else { return true }
    return memcmp(a, b, count) == 0
  }

  /// Byte equality with a text of the program's own.
  public func sameBytes(as text: StaticString) -> Bool {
    sameBytes(as: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Byte order, shorter first among equal beginnings: negative, zero or positive.
  public func compareBytes(with other: UnsafeRawBufferPointer) -> Int {
    let shared = Swift.min(count, other.count)
    if shared > 0, let a = baseAddress, let b = other.baseAddress {
      let order = Int(memcmp(a, b, shared))
      if order != 0 { return order }
    }
    return count - other.count
  }

  /// True when a JSON string's inside has an escape.
  var hasBackslash: Bool {
    guard count > 0, let base = baseAddress else { return false }
    return memchr(base, 0x5C, count) != nil
  }

  /// A quick hash for tables in memory; not stable between versions, not for the disk.
  public var quickHash: UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: count)
    var index = 0
    while count &- index >= 8 {
      hash = Self.mix(hash ^ loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index &+= 8
    }
    var rest: UInt64 = 0
    while index < count {
      rest = rest << 8 | UInt64(self[index])
      index &+= 1
    }
    return Self.mix(hash ^ rest)
  }

  @inline(__always)
  private static func mix(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }
}
