import CZlib

/// Unpacks gzip that came without its header: a proxy on the way may take `Content-Encoding` out and
/// leave the bytes as they are. What the header names, the client unpacks itself.
///
/// Safety: it is not shared: the one reader of a body has it.
public final class GzipInflater: @unchecked Sendable {
  /// RFC 1952, section 2.3.1.
  public static func isGzip(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.prefix(2).elementsEqual([0x1f, 0x8b])
  }

  /// Safety: zlib keeps the address of its stream, so it stays in one place until `deinit`.
  private let stream: UnsafeMutablePointer<z_stream>
  /// What one turn may unpack, used again and again. Safety: as the stream's.
  private let piece: UnsafeMutableBufferPointer<UInt8>
  private var room: Int
  private var isReady: Bool
  public private(set) var isComplete = false

  /// - Parameter limit: bytes that may come out; a bomb ends there.
  public init(limit: Int) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    piece = .allocate(capacity: 65_536)
    piece.initialize(repeating: 0)
    room = limit
    // RFC 1952's format and the largest window: zlib.h, inflateInit2.
    let size = Int32(MemoryLayout<z_stream>.size)
    isReady = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, size) == Z_OK
  }

  deinit {
    inflateEnd(stream)
    stream.deinitialize(count: 1)
    stream.deallocate()
    piece.deallocate()
  }

  /// What comes out of the next bytes.
  /// - Throws: `FetchError` `badEncoding`, `bodyTooLarge`, `unavailable` without memory.
  public func inflated(_ input: [UInt8]) throws(FetchError) -> [UInt8] {
    guard isReady else {
      throw FetchError(.unavailable, "there is no memory to unpack an answer", mayHaveArrived: true)
    }
    var output: [UInt8] = []
    var isCorrupt = false
    input.withUnsafeBytes { bytes in
      // Safety: zlib keeps these pointers only until it returns; `input` outlives the loop.
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      )
      stream.pointee.avail_in = UInt32(clamping: bytes.count)
      while !isComplete, output.count <= room {
        stream.pointee.next_out = piece.baseAddress
        stream.pointee.avail_out = UInt32(piece.count)
        let code = inflate(stream, Z_NO_FLUSH)
        output += piece.dropLast(Int(stream.pointee.avail_out))
        isComplete = code == Z_STREAM_END
        isCorrupt = ![Z_OK, Z_BUF_ERROR, Z_STREAM_END].contains(code)
        if isCorrupt || code == Z_BUF_ERROR || stream.pointee.avail_out > 0 { break }
      }
    }
    if isCorrupt {
      throw FetchError(.badEncoding, "the answer is damaged gzip", mayHaveArrived: true)
    }
    guard output.count <= room else {
      throw FetchError(
        .bodyTooLarge,
        "the answer unpacks to more than is allowed",
        mayHaveArrived: true
      )
    }
    room -= output.count
    return output
  }
}
