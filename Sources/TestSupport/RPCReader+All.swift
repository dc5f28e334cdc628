public import RPC
import Wire

extension RPCReader {
  /// Every message that is left, for streams that a test knows to be short.
  public func all() async throws -> [Message] {
    var messages: [Message] = []
    while let message = try await next() { messages.append(message) }
    return messages
  }
}
