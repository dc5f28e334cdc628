public import Wire

/// What a reader finds when it does not want to wait.
public enum RPCReadiness: Sendable {
  case message([UInt8])
  case end
  case nothingYet
}

/// Gives the messages of one direction of a call, as bytes; one reader at a time.
public protocol RPCMessageSource: Sendable {
  /// The next message; nil at the end. Throws `RPCError` when the call ends badly.
  func receive() async throws -> [UInt8]?
  /// The next message if it is here: a reader that need not wait need not suspend.
  func receiveReady() throws -> RPCReadiness
}

/// Takes the messages of one direction of a call, as bytes.
public protocol RPCMessageSink: Sendable {
  /// Suspends while the peer's window and the stream's buffer are full. Throws `RPCError` when the
  /// call has ended.
  func send(_ message: [UInt8]) async throws
  /// Sends if there is room now; false when the caller must `send`.
  func sendReady(_ message: [UInt8]) throws -> Bool
  /// Whether a message would be taken now.
  var hasRoom: Bool { get }
  /// Suspends until `hasRoom`, or until the call has ended.
  func waitForRoom() async throws
  /// As `send`, but never compressed; a sink that compresses nothing has none of its own.
  func sendUncompressed(_ message: [UInt8]) async throws
}

extension RPCMessageSource {
  public func receiveReady() throws -> RPCReadiness { .nothingYet }
}

extension RPCMessageSink {
  public func sendReady(_ message: [UInt8]) throws -> Bool { false }
  /// `send` does the waiting, unless a conformer says otherwise.
  public var hasRoom: Bool { true }
  public func waitForRoom() async throws {}
  public func sendUncompressed(_ message: [UInt8]) async throws { try await send(message) }
}

/// The messages of one direction of a call, as they arrive.
///
/// `next()` gives flow-control credit back as messages are taken, so a slow reader slows its
/// writer; nil is the peer's half-close. It throws `RPCError` when the call ends badly.
public struct RPCReader<Message: WireMessage>: Sendable {
  @usableFromInline let source: any RPCMessageSource
  @usableFromInline let undecodable: RPCCode

  /// - Parameter undecodable: the code for a message that cannot be decoded: a request is the
  ///   caller's fault, a response (INTERNAL) is not.
  @inlinable
  public init(_ source: any RPCMessageSource, undecodable: RPCCode = .invalidArgument) {
    self.source = source
    self.undecodable = undecodable
  }

  /// The next message; one call at a time.
  @inlinable
  public func next() async throws -> Message? {
    switch try source.receiveReady() {
    case .message(let bytes): return try decode(bytes)
    case .end: return nil
    case .nothingYet:
      guard let bytes = try await source.receive() else { return nil }
      return try decode(bytes)
    }
  }

  @inlinable
  func decode(_ bytes: [UInt8]) throws(RPCError) -> Message {
    try Self.decode(bytes, undecodable: undecodable)
  }

  @inlinable
  static func decode(
    _ bytes: [UInt8],
    undecodable: RPCCode = .invalidArgument
  ) throws(RPCError) -> Message {
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
  @usableFromInline let sink: any RPCMessageSink

  @inlinable
  public init(_ sink: any RPCMessageSink) { self.sink = sink }

  @inlinable
  public func write(_ message: Message) async throws {
    // Before it is encoded: what waits for a reader that does not read is held once, not twice.
    if !sink.hasRoom { try await sink.waitForRoom() }
    let bytes = message.wireBytes()
    if try !sink.sendReady(bytes) { try await sink.send(bytes) }
  }

  /// As `write`, but this message is sent as it is where the others are compressed.
  @inlinable
  public func writeUncompressed(_ message: Message) async throws {
    try await sink.sendUncompressed(message.wireBytes())
  }
}
