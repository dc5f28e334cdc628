import CNghttp2

/// A header list on its way to nghttp2: bytes in one buffer, so that no header costs a String.
struct HeaderBlock {
  private var bytes: [UInt8] = []
  private var fields: [(name: Range<Int>, value: Range<Int>)] = []

  var isEmpty: Bool { fields.isEmpty }

  init() {}

  /// With room for a usual list.
  init(fields: Int, bytes: Int) {
    self.fields.reserveCapacity(fields)
    self.bytes.reserveCapacity(bytes)
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
  }

  mutating func append(_ name: StaticString, _ value: StaticString) {
    field(
      {
        $0.append(
          contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        )
      },
      {
        $0.append(
          contentsOf: UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount)
        )
      }
    )
  }

  mutating func append(_ name: String, _ value: String) {
    field({ $0.append(contentsOf: name.utf8) }, { $0.append(contentsOf: value.utf8) })
  }

  /// The status as trailers carry it.
  mutating func append(status error: RPCError?) {
    append("grpc-status", String(error?.code.rawValue ?? 0))
    guard let error else { return }
    if !error.message.isEmpty {
      field(
        { $0.append(contentsOf: "grpc-message".utf8) },
        { PercentCoding.encode(error.message, into: &$0) }
      )
    }
    // What cannot travel is left out: the status must arrive.
    if let metadata = try? error.metadata.normalizedForWire() { append(metadata) }
  }

  /// Entries that `normalizedForWire` has passed.
  mutating func append(_ metadata: Metadata) {
    for entry in metadata.entries {
      field(
        { $0.append(contentsOf: entry.name.utf8) },
        { bytes in
          switch entry.value {
          case .text(let text): bytes.append(contentsOf: text.utf8)
          case .bytes(let value): MetadataBase64.encode(value, into: &bytes)
          }
        }
      )
    }
  }

  private mutating func field(
    _ name: (inout [UInt8]) -> Void,
    _ value: (inout [UInt8]) -> Void
  ) {
    let start = bytes.count
    name(&bytes)
    let middle = bytes.count
    value(&bytes)
    fields.append((start..<middle, middle..<bytes.count))
  }

  /// Lends the list in nghttp2's form; nghttp2 copies what it keeps.
  func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
    bytes.withUnsafeBufferPointer { buffer in
      // Safety: the ranges lie in `bytes`, which outlives the call; nghttp2 only reads, though its
      // type says mutable.
      let base = UnsafeMutablePointer(mutating: buffer.baseAddress)
      return withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: fields.count) { list in
        for (index, field) in fields.enumerated() {
          list.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: base.map { $0 + field.name.lowerBound },
              value: base.map { $0 + field.value.lowerBound },
              namelen: field.name.count,
              valuelen: field.value.count,
              flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
            )
          )
        }
        return body(UnsafePointer(list.baseAddress), fields.count)
      }
    }
  }
}
