/// Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
public enum UTF8Check {
  public enum Finding: Sendable, Equatable {
    case valid
    /// Byte offset of the first byte that is wrong.
    case invalid(at: Int)
    /// Valid up to here, but here is a NUL: PostgreSQL refuses it and C libraries stop at it.
    case nul(at: Int)
  }

  /// What is wrong first, if anything.
  public static func check(_ bytes: UnsafeRawBufferPointer) -> Finding {
    var index = 0
    while index < bytes.count {
      if bytes.count &- index >= 8 {
        let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        // No byte above 0x7F and none of zero.
        let zeros = (word &- 0x0101_0101_0101_0101) & ~word
        if (word | zeros) & 0x8080_8080_8080_8080 == 0 {
          index &+= 8
          continue
        }
      }
      let byte = bytes[index]
      if byte == 0 { return .nul(at: index) }
      if byte < 0x80 {
        index &+= 1
        continue
      }
      let length = sequenceLength(bytes, at: index)
      if length == 0 { return .invalid(at: index) }
      index &+= length
    }
    return .valid
  }

  /// The length of the valid sequence of two to four bytes that begins at `index`, or 0.
  @inline(__always)
  static func sequenceLength(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let left = bytes.count &- index
    guard left >= 2 else { return 0 }
    let first = bytes[index]
    let second = bytes[index &+ 1]
    switch first {
    case 0xC2...0xDF:
      return second & 0xC0 == 0x80 ? 2 : 0
    case 0xE0...0xEF:
      guard left >= 3, bytes[index &+ 2] & 0xC0 == 0x80 else { return 0 }
      let low: UInt8 = first == 0xE0 ? 0xA0 : 0x80
      let high: UInt8 = first == 0xED ? 0x9F : 0xBF
      return second >= low && second <= high ? 3 : 0
    case 0xF0...0xF4:
      guard left >= 4, bytes[index &+ 2] & 0xC0 == 0x80, bytes[index &+ 3] & 0xC0 == 0x80
      else { return 0 }
      let low: UInt8 = first == 0xF0 ? 0x90 : 0x80
      let high: UInt8 = first == 0xF4 ? 0x8F : 0xBF
      return second >= low && second <= high ? 4 : 0
    default:
      return 0
    }
  }
}
