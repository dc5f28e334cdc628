/// What a handler said about its response besides the messages.
struct HandlerResponse {
  /// As `normalizedForWire` gave it, like `trailing`.
  var initial = Metadata()
  var trailing = Metadata()
}

/// A call that keeps what its handler says about the response.
protocol HandlerResponseKeeper: AnyObject, Sendable {
  func withResponse<Result>(_ body: (inout HandlerResponse) -> Result) -> Result
}

extension ServerContext {
  /// Adds to the metadata that the caller sees before the first message.
  ///
  /// It travels with the first message, or with the status when there is none, so it must be added
  /// before the first message is written.
  /// - Throws: INTERNAL naming the entry that cannot travel (never its value).
  public func addInitialMetadata(_ metadata: Metadata) throws(RPCError) {
    let entries = try metadata.normalizedForWire()
    response?.withResponse { $0.initial.append(contentsOf: entries) }
  }

  /// Adds to the metadata that the caller sees with the status, whether the call succeeds or fails.
  /// - Throws: INTERNAL naming the entry that cannot travel (never its value).
  public func addTrailingMetadata(_ metadata: Metadata) throws(RPCError) {
    let entries = try metadata.normalizedForWire()
    response?.withResponse { $0.trailing.append(contentsOf: entries) }
  }
}
