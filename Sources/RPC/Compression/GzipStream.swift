import CZlib

/// zlib's state for one direction, used again for each message: making it costs more than a small
/// message does.
///
/// Safety: it is not shared: who takes it from the idle ones has it alone until it is put back.
final class GzipStream: @unchecked Sendable {
  enum Direction { case deflate, inflate }

  enum Step {
    /// There is more output, or more input is wanted.
    case goesOn
    /// A gzip member has ended.
    case ended
    case corrupt
  }

  /// RFC 1952's format, and the largest window: zlib.h, `deflateInit2` and `inflateInit2`.
  private static let windowBits: Int32 = 15 + 16
  private static let defaultMemoryLevel: Int32 = 8
  private static let pieceBytes = 32 * 1024

  private let direction: Direction
  /// Safety: zlib keeps the address of its stream, so it stays in one place until `deinit`.
  private let stream: UnsafeMutablePointer<z_stream>
  private let piece: UnsafeMutableRawBufferPointer

  /// nil when there is no memory.
  init?(_ direction: Direction) {
    self.direction = direction
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    piece = .allocate(byteCount: Self.pieceBytes, alignment: 16)
    let size = Int32(MemoryLayout<z_stream>.size)
    let code =
      switch direction {
      case .deflate:
        // The fastest level: inside a data centre a better one costs more time than it saves.
        deflateInit2_(
          stream,
          Z_BEST_SPEED,
          Z_DEFLATED,
          Self.windowBits,
          Self.defaultMemoryLevel,
          Z_DEFAULT_STRATEGY,
          ZLIB_VERSION,
          size
        )
      case .inflate: inflateInit2_(stream, Self.windowBits, ZLIB_VERSION, size)
      }
    if code != Z_OK { return nil }
  }

  deinit {
    // Both accept a stream whose initialisation failed.
    switch direction {
    case .deflate: deflateEnd(stream)
    case .inflate: inflateEnd(stream)
    }
    stream.deinitialize(count: 1)
    stream.deallocate()
    piece.deallocate()
  }

  /// Begins another gzip member.
  func reset() {
    switch direction {
    case .deflate: deflateReset(stream)
    case .inflate: inflateReset(stream)
    }
  }

  /// Makes the next piece of output, at most `pieceBytes`, from the whole rest of the input.
  ///
  /// Safety: zlib keeps pointers into the input and the output only until it returns.
  func step(
    _ input: inout Slice<UnsafeRawBufferPointer>,
    _ take: (UnsafeRawBufferPointer) -> Void
  ) -> Step {
    let rest = UnsafeRawBufferPointer(rebasing: input)
    let given = min(rest.count, Int(UInt32.max))
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: rest.assumingMemoryBound(to: UInt8.self).baseAddress
    )
    stream.pointee.avail_in = UInt32(given)
    stream.pointee.next_out = piece.assumingMemoryBound(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(piece.count)
    let code =
      switch direction {
      case .deflate: deflate(stream, given == rest.count ? Z_FINISH : Z_NO_FLUSH)
      case .inflate: inflate(stream, Z_NO_FLUSH)
      }
    input = input.dropFirst(given - Int(stream.pointee.avail_in))
    take(UnsafeRawBufferPointer(rebasing: piece.dropLast(Int(stream.pointee.avail_out))))
    switch code {
    // Z_BUF_ERROR: nothing could be done, which is no error of the stream.
    case Z_OK, Z_BUF_ERROR: return .goesOn
    case Z_STREAM_END: return .ended
    default: return .corrupt
    }
  }
}
