import HTTPFetch

/// One answer's body, unpacked also where somebody on the way took the header out that says it is
/// packed (warehouses.md, A.5).
///
/// Safety: used by one task at a time, the one that reads the result.
final class PartitionBody: @unchecked Sendable {
  private let body: HTTPBody
  private var inflater: GzipInflater?
  private var isFirst = true

  private static let largest = 1 << 30
  /// So much is unpacked at once, to 8 MiB at the most: deflate packs 1032 to 1 at its best.
  private static let piece = 8192
  /// What has come and is not unpacked yet.
  private var packed: ArraySlice<UInt8> = []

  init(_ response: HTTPResponse) { body = response.body }

  /// The bytes that have come since; nil at the end.
  /// - Throws: `FetchError`.
  func next() async throws -> [UInt8]? {
    while true {
      if let inflater, !packed.isEmpty {
        let unpacked = try inflater.inflated(Array(packed.prefix(Self.piece)))
        packed = packed.dropFirst(Self.piece)
        guard unpacked.isEmpty else { return unpacked }
        continue
      }
      guard let bytes = try await body.next() else { break }
      if isFirst {
        isFirst = false
        if GzipInflater.isGzip(bytes) { inflater = GzipInflater(limit: Self.largest) }
      }
      guard inflater != nil else { return bytes }
      packed = bytes[...]
    }
    if let inflater, !inflater.isComplete {
      throw FetchError(.truncated, "the answer ended in the middle of its gzip")
    }
    return nil
  }

  func cancel() { body.cancel() }
}
