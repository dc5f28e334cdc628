/// Metadata as its bytes arrived, one field behind the other: most of it is never looked at, and
/// text that nobody reads is not made.
struct ReceivedFields: Sendable {
  /// Of each field: the lengths of its name and its value, four bytes each, then both.
  private var bytes: [UInt8] = []

  private static let lengthsSize = 8
  private static let firstReservation = 256

  var isEmpty: Bool { bytes.isEmpty }

  mutating func append(
    _ name: UnsafeBufferPointer<UInt8>,
    _ value: UnsafeBufferPointer<UInt8>
  ) {
    if bytes.isEmpty { bytes.reserveCapacity(Self.firstReservation) }
    // A header list of 4 GiB has been refused long before.
    let lengths = UInt64(UInt32(clamping: name.count)) << 32 | UInt64(UInt32(clamping: value.count))
    withUnsafeBytes(of: lengths) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: name)
    bytes.append(contentsOf: value)
  }

  /// The first value of that name.
  func first<Result>(
    of name: String,
    _ body: (UnsafeBufferPointer<UInt8>) -> Result
  ) -> Result? {
    var name = name
    return name.withUTF8 { name in
      first { other, value in other.hasSameBytes(as: name) ? body(value) : nil }
    }
  }

  /// Lends each field until `body` gives something.
  func first<Result>(
    _ body: (_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Result?
  ) -> Result? {
    bytes.withUnsafeBytes { buffer in
      // Safety: `append` alone writes the lengths, so what they span lies in the buffer.
      let all = buffer.assumingMemoryBound(to: UInt8.self)
      var at = 0
      while at < all.count {
        let lengths = buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self)
        let name = at + Self.lengthsSize
        let value = name + Int(lengths >> 32)
        at = value + Int(lengths & 0xFFFF_FFFF)
        if let result = body(
          UnsafeBufferPointer(rebasing: all[name..<value]),
          UnsafeBufferPointer(rebasing: all[value..<at])
        ) {
          return result
        }
      }
      return nil
    }
  }

  /// As entries; what is not base64 under a `-bin` name is left out, as it was not taken.
  var entries: [Metadata.Entry] {
    var entries: [Metadata.Entry] = []
    let _: Never? = first { name, value in
      let text = String(decoding: name, as: UTF8.self)
      guard text.hasSuffix("-bin") else {
        entries.append(
          Metadata.Entry(name: text, value: .text(String(decoding: value, as: UTF8.self)))
        )
        return nil
      }
      for bytes in Self.binaryValues(value) ?? [] {
        entries.append(Metadata.Entry(name: text, value: .bytes(bytes)))
      }
      return nil
    }
    return entries
  }

  /// The values of a field whose name ends in `-bin`: those of one name may arrive joined by commas
  /// (gRPC over HTTP/2, "Custom-Metadata"). nil when one is not base64.
  static func binaryValues(_ value: UnsafeBufferPointer<UInt8>) -> [[UInt8]]? {
    var values: [[UInt8]] = []
    for part in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let bytes = MetadataBase64.decode(part.filter { $0 != UInt8(ascii: " ") })
      else { return nil }
      values.append(bytes)
    }
    return values
  }
}
