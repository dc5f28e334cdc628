public import Wire

/// The messages of one direction of a call, as they arrive.
///
/// `next()` gives flow-control credit back as messages are taken, so a slow reader slows its
/// writer; nil is the peer's half-close. It throws `RPCError` when the call ends badly.
public struct RPCReader<Message: WireMessage>: Sendable {
  private let receive: @Sendable () async throws -> [UInt8]?
  private let undecodable: RPCCode

  /// - Parameter undecodable: the code for a message that cannot be decoded: a request is the
  ///   caller's fault, a response (INTERNAL) is not.
  public init(
    undecodable: RPCCode = .invalidArgument,
    receive: @escaping @Sendable () async throws -> [UInt8]?
  ) {
    self.undecodable = undecodable
    self.receive = receive
  }

  /// The next message; one call at a time.
  public func next() async throws -> Message? {
    guard let bytes = try await receive() else { return nil }
    do {
      return try Message(wireBytes: bytes)
    } catch {
      throw RPCError(undecodable, "cannot decode \(Message.self): \(error)", cause: error)
    }
  }
}

/// Sends the messages of one direction of a call.
///
/// `write` suspends while the peer's window and the stream's buffer are full, and throws `RPCError`
/// when the call has ended.
public struct RPCWriter<Message: WireMessage>: Sendable {
  private let send: @Sendable ([UInt8]) async throws -> Void

  public init(send: @escaping @Sendable ([UInt8]) async throws -> Void) {
    self.send = send
  }

  public func write(_ message: Message) async throws {
    try await send(message.wireBytes())
  }
}
