import COpenSSL

/// Bytes that must not be seen: wiped when released, never printed, compared in constant time.
///
/// Immutable once made. A class, so that passing it on shares the one copy. The memory is the
/// secure heap's where a process has one (`SecureHeap`), and while that has room.
// Safety: @unchecked because of the pointer; the memory is written in the initialisers only and
// wiped in deinit, when nobody else holds the object.
public final class SecretBytes: @unchecked Sendable {
  private let memory: UnsafeMutableRawBufferPointer

  public var count: Int { memory.count }

  /// Makes `count` bytes, zero until `fill` has written them.
  public init<Failure: Error>(
    count: Int,
    _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    memory = SecureHeap.allocate(count)
    try fill(memory)
  }

  /// A copy of `bytes`; the original is the caller's to wipe.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
  }

  /// A copy of `bytes`; the array itself is not wiped.
  public convenience init(_ bytes: [UInt8]) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  deinit { SecureHeap.release(memory) }

  /// Lends the bytes; the pointer is not valid afterwards.
  public func withUnsafeBytes<T, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> T
  ) throws(Failure) -> T {
    defer { withExtendedLifetime(self) {} }
    return try body(UnsafeRawBufferPointer(memory))
  }

  /// Copies the bytes out, for an interface that takes nothing else: the copy is not wiped.
  public func copyBytes() -> [UInt8] { Array(memory) }
}

extension SecretBytes: Equatable {
  /// Takes the same time wherever the bytes differ; only the lengths can be told apart.
  public static func == (a: SecretBytes, b: SecretBytes) -> Bool {
    guard a.count == b.count else { return false }
    return a.withUnsafeBytes { left in
      b.withUnsafeBytes { right in
        CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
      }
    }
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "[redacted]" }
  public var debugDescription: String { "[redacted]" }
  /// `dump` and string interpolation of a containing value go through here.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
