/// The cells of one row of a result, unescaped, as they are collected.
struct JSONCells {
  fileprivate struct Span: BitwiseCopyable {
    var start: Int
    /// Below zero for NULL.
    var kept: Int
    var size: Int
  }

  private var bytes: [UInt8] = []
  private var spans: [Span] = []

  var count: Int { spans.count }
  /// Of all cells, as far as they were kept.
  var byteCount: Int { bytes.count }

  mutating func append(_ text: UnsafeRawBufferPointer, size: Int) {
    spans.append(Span(start: bytes.count, kept: text.count, size: size))
    bytes.append(contentsOf: text)
  }

  mutating func appendNull() { spans.append(Span(start: 0, kept: -1, size: 0)) }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    spans.removeAll(keepingCapacity: true)
  }

  /// Lends the cells, for as long as `body` runs.
  func lend<Result>(_ body: (Lent) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes { try body(Lent(bytes: $0, spans: spans)) }
  }

  struct Lent {
    fileprivate let bytes: UnsafeRawBufferPointer
    fileprivate let spans: [Span]

    var count: Int { spans.count }

    /// The characters, as far as they were kept; nil for NULL.
    @inline(__always)
    subscript(index: Int) -> UnsafeRawBufferPointer? {
      let span = spans[index]
      guard span.kept >= 0 else { return nil }
      return UnsafeRawBufferPointer(rebasing: bytes[span.start..<span.start + span.kept])
    }

    /// How many bytes the whole cell has.
    @inline(__always)
    func size(_ index: Int) -> Int { spans[index].size }
  }
}
