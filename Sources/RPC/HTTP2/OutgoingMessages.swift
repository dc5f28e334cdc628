import NIOCore

/// Messages on their way into DATA frames, each behind its five-byte prefix.
struct OutgoingMessages {
  private var messages = MessageFIFO()
  /// How much of the first message, prefix included, has left.
  private var offset = 0
  /// Bytes that have not left, prefixes included.
  private(set) var byteCount = 0
  /// What comes before each message: gRPC's prefix, or nothing in a body that is not gRPC.
  private var prefixLength = MessageQueue.overhead

  init() {}

  /// A body as it is.
  init(body: [UInt8]) {
    prefixLength = 0
    byteCount = body.count
    messages.append(PrefixedMessage(bytes: body))
  }

  mutating func append(_ message: PrefixedMessage) {
    byteCount += message.bytes.count + prefixLength
    messages.append(message)
  }

  mutating func removeAll() {
    messages.removeAll()
    offset = 0
    byteCount = 0
  }

  /// Hands the next `count` bytes to `write`, piece by piece.
  /// - Parameter count: at most `byteCount`.
  mutating func take(_ count: Int, _ write: (UnsafeRawBufferPointer) -> Void) {
    var missing = min(count, byteCount)
    byteCount -= missing
    while missing > 0, let message = messages.head {
      if offset < prefixLength {
        missing -= takePrefix(of: message, missing, write)
      }
      let bytes = message.bytes
      let start = offset - prefixLength
      let part = min(missing, bytes.count - max(start, 0))
      if start >= 0 {
        bytes.withUnsafeBytes {
          write(UnsafeRawBufferPointer(rebasing: $0[start..<start + part]))
        }
        offset += part
        missing -= part
        if offset == bytes.count + prefixLength {
          _ = messages.popFirst()
          offset = 0
        }
      }
    }
  }

  private mutating func takePrefix(
    of message: PrefixedMessage,
    _ missing: Int,
    _ write: (UnsafeRawBufferPointer) -> Void
  ) -> Int {
    // The Compressed-Flag and four bytes of length, whose range `CallPipe` has checked.
    let flag: UInt64 = message.isCompressed ? 1 << 32 : 0
    let length = UInt64(UInt32(truncatingIfNeeded: message.bytes.count))
    let prefix = (flag | length).bigEndian >> 24
    let part = min(missing, prefixLength - offset)
    withUnsafeBytes(of: prefix) {
      write(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + part]))
    }
    offset += part
    return part
  }
}
