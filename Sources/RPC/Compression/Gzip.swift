import Synchronization

/// Messages in gzip's format (RFC 1952), whole.
enum Gzip {
  /// Streams between two messages. A message is coded without a pause, so there are as many in use
  /// as threads; few are kept, for one that deflates holds 300 KiB.
  private struct Idle: ~Copyable {
    private static let limit = 4
    private let direction: GzipStream.Direction
    private let streams = Mutex<[GzipStream]>([])

    init(_ direction: GzipStream.Direction) { self.direction = direction }

    func with<Result>(_ body: (GzipStream) -> Result) -> Result? {
      guard let stream = streams.withLock({ $0.popLast() }) ?? GzipStream(direction) else {
        return nil
      }
      stream.reset()
      defer { streams.withLock { if $0.count < Self.limit { $0.append(stream) } } }
      return body(stream)
    }
  }

  private static let deflating = Idle(.deflate)
  private static let inflating = Idle(.inflate)

  /// nil when the message does not get shorter, and when there is no memory.
  static func compressed(_ message: [UInt8]) -> [UInt8]? {
    let result = deflating.with { stream -> [UInt8]? in
      message.withUnsafeBytes { bytes in
        var input = bytes[...]
        var output: [UInt8] = []
        while output.count < message.count {
          switch stream.step(&input, { output.append(contentsOf: $0) }) {
          case .goesOn: continue
          case .ended: return output.count < message.count ? output : nil
          case .corrupt: return nil
          }
        }
        return nil
      }
    }
    return result ?? nil
  }

  /// The message, of one gzip member or several (RFC 1952, 2.2).
  ///
  /// - Parameter limit: greatest length of the message; no more of it is ever held.
  /// - Throws: RESOURCE_EXHAUSTED for a longer message, INTERNAL for what is not gzip.
  static func decompressed(_ bytes: [UInt8], limit: Int) throws(RPCError) -> [UInt8] {
    let result = inflating.with { stream -> Result<[UInt8], RPCError> in
      bytes.withUnsafeBytes { inflate($0, limit: limit, stream) }
    }
    guard let result else {
      throw RPCError(.resourceExhausted, "there is no memory to decompress a message")
    }
    return try result.get()
  }

  private static func inflate(
    _ bytes: UnsafeRawBufferPointer,
    limit: Int,
    _ stream: GzipStream
  ) -> Result<[UInt8], RPCError> {
    var input = bytes[...]
    var output: [UInt8] = []
    output.reserveCapacity(expectedLength(bytes, limit: limit))
    while true {
      let inputBefore = input.count
      var isProgress = false
      var isTooLong = false
      let step = stream.step(&input) { piece in
        isProgress = !piece.isEmpty
        isTooLong = piece.count > limit - output.count
        if !isTooLong { output.append(contentsOf: piece) }
      }
      if isTooLong {
        return .failure(
          RPCError(
            .resourceExhausted,
            "a compressed message is longer than the limit of \(limit) bytes"
          )
        )
      }
      switch step {
      case .goesOn where isProgress || input.count < inputBefore: continue
      case .goesOn:
        return .failure(RPCError(.internalError, "a compressed message ends too early"))
      case .ended where input.isEmpty: return .success(output)
      case .ended: stream.reset()
      case .corrupt:
        return .failure(
          RPCError(.internalError, "a message that is marked compressed is not gzip")
        )
      }
    }
  }

  /// What the last four bytes say (RFC 1952, 2.3.1, ISIZE), as far as it can be true.
  private static func expectedLength(_ bytes: UnsafeRawBufferPointer, limit: Int) -> Int {
    // zlib's technical details: deflate shrinks by 1032 to 1 at most.
    let greatest = min(limit, bytes.count * 1032)
    guard bytes.count >= 4 else { return 0 }
    let said = bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
    return min(Int(UInt32(littleEndian: said)), greatest)
  }
}
