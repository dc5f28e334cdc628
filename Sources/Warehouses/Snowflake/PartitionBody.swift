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

  init(_ response: HTTPResponse) { body = response.body }

  /// The bytes that have come since; nil at the end.
  /// - Throws: `FetchError`.
  func next() async throws -> [UInt8]? {
    while let bytes = try await body.next() {
      if isFirst {
        isFirst = false
        if GzipInflater.isGzip(bytes) { inflater = GzipInflater(limit: Self.largest) }
      }
      guard let inflater else { return bytes }
      let unpacked = try inflater.inflated(bytes)
      if !unpacked.isEmpty { return unpacked }
    }
    if let inflater, !inflater.isComplete {
      throw FetchError(.truncated, "the answer ended in the middle of its gzip")
    }
    return nil
  }

  func cancel() { body.cancel() }
}
