extension RPCError {
  /// What a handler's error tells the peer: an `RPCError` and what converts itself as they are,
  /// anything else a fixed text, because an unexpected error's text may hold anything.
  init(answering error: any Error) {
    switch error {
    case let error as RPCError where error.code != .ok:
      self.init(error.code, error.message, metadata: error.metadata)
    case let error as any RPCErrorConvertible:
      let converted = error.rpcError
      self.init(converted.code, converted.message, metadata: converted.metadata)
    case is CancellationError:
      self = RPCError(.cancelled, "the call was cancelled at the server")
    default:
      self = RPCError(.unknown, "the server failed in a way it did not expect; its log says more")
    }
    // A status OK that was thrown is a failure all the same.
    if code == .ok { code = .unknown }
  }

  /// The task that makes the call was cancelled.
  static let cancelledHere = RPCError(.cancelled, "the call was cancelled by its caller")
  static let deadlinePassed = RPCError(.deadlineExceeded, "the deadline passed")

  static func unknownMethod(_ path: String) -> RPCError {
    RPCError(.unimplemented, "this server has no method \(path)")
  }
}
