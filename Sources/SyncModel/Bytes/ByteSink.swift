/// Collects bytes in memory that is kept from one use to the next.
///
/// Safety: `bytes` is valid until the next call that appends.
public struct ByteSink: ~Copyable {
  private var base: UnsafeMutableRawPointer
  public private(set) var count = 0
  private var capacity: Int

  public init(capacity: Int = 1024) {
    self.capacity = max(capacity, 64)
    base = UnsafeMutableRawPointer.allocate(byteCount: self.capacity, alignment: 16)
  }

  deinit { base.deallocate() }

  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Lends what was written from `start` on.
  public func bytes(from start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[min(start, count)...])
  }

  public mutating func removeAll() { count = 0 }

  /// Forgets what was written after the first `newCount` bytes.
  public mutating func truncate(to newCount: Int) { count = min(count, max(newCount, 0)) }

  @inline(__always)
  public mutating func append(_ byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  @inline(__always)
  public mutating func append(_ other: UnsafeRawBufferPointer) {
    guard let source = other.baseAddress, other.count > 0 else { return }
    reserve(other.count)
    (base + count).copyMemory(from: source, byteCount: other.count)
    count &+= other.count
  }

  public mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func append(_ text: String) {
    var copy = text
    copy.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Little-endian.
  @inline(__always)
  public mutating func appendFixed64(_ value: Int64) {
    reserve(8)
    base.storeBytes(of: value.littleEndian, toByteOffset: count, as: Int64.self)
    count &+= 8
  }

  /// Base 128, least significant group first, as in protobuf.
  @inline(__always)
  public mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Overwrites four bytes, little-endian, that were appended before.
  public mutating func replace(_ value: UInt32, at offset: Int) {
    guard offset >= 0, offset <= count - 4 else { return }
    base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
  }

  @inline(__always)
  private mutating func reserve(_ more: Int) {
    if more > capacity &- count { grow(more) }
  }

  private mutating func grow(_ more: Int) {
    let larger = max(capacity * 2, count + more)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
    memory.copyMemory(from: base, byteCount: count)
    base.deallocate()
    base = memory
    capacity = larger
  }
}
