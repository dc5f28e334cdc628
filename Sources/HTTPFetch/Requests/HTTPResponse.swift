/// The head of an answer, and its body to be read. Redirects are answers like any other: they are
/// never followed.
public struct HTTPResponse: Sendable {
  public let status: Int
  /// `1.0`, `1.1` or `2`.
  public let version: String
  public let headers: HTTPHeaders
  /// One reader. Letting go of the response ends the transfer and closes its connection.
  public let body: HTTPBody

  /// The whole body, unless it has more than `limit` bytes after decoding.
  /// - Throws: `FetchError` `bodyTooLarge` and what `HTTPBody.next` throws.
  public func collect(limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let chunk = try await body.next() {
      guard bytes.count + chunk.count <= limit else {
        body.cancel()
        throw FetchError(
          .bodyTooLarge,
          "the answer is longer than \(limit) bytes",
          mayHaveArrived: true
        )
      }
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
    }
    return bytes
  }
}

extension HTTPResponse: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "HTTP/\(version) \(status)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["status": status]) }
}
