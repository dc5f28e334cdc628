/// What a handler said about its response besides the messages.
struct HandlerResponse {
  /// As `normalizedForWire` gave it, like `trailing`.
  var initial = Metadata()
  var trailing = Metadata()
}

/// A call that keeps what its handler says about the response.
protocol HandlerResponseKeeper: AnyObject, Sendable {
  func withResponse<Result>(_ body: (inout HandlerResponse) -> Result) -> Result
  /// - Returns: whether the response's messages are compressed from here on.
  func compressResponse() -> Bool
  /// Of the request message that the handler took last.
  var lastMessageWasCompressed: Bool { get }
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

  /// Has the response's messages compressed, if the caller takes that, and where they get shorter.
  ///
  /// It must be asked for before the first message is written; `writeUncompressed` leaves one
  /// message out. Compressing takes the time of the connection's loop.
  /// - Returns: false when they are sent as they are: the caller has not said that it takes it, a
  ///   message was written before, or there is no wire.
  @discardableResult
  public func compressResponse(with compression: MessageCompression = .gzip) -> Bool {
    switch compression {
    case .gzip: response?.compressResponse() ?? false
    }
  }

  /// Whether the request message that was taken last came compressed; gRPC's interoperability
  /// cases ask for it.
  package var lastMessageWasCompressed: Bool { response?.lastMessageWasCompressed ?? false }
}
