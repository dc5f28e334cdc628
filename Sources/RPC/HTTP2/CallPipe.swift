import Synchronization

/// What a call asks of the connection that carries it; callable from any thread.
protocol CallWaker: AnyObject, Sendable {
  /// Has the connection look at the pipe soon, on its loop.
  func wake(_ pipe: CallPipe)
}

/// Where a call's task and the loop of its connection meet.
///
/// The task receives and sends; the loop pushes into `inbound` what arrives, and drains `outbound`
/// into frames. Neither touches the other's state.
final class CallPipe: RPCServerCall {
  /// Bounded by the stream's flow-control window, not by the queue.
  let inbound = MessageQueue(highWater: .max)
  let outbound: MessageQueue
  private let waker: any CallWaker
  /// What a client asks; the stream is opened when its task first needs it. nil at a server.
  let request: ClientRequest?
  /// Where the loop finds the stream; the loop alone writes it.
  private let slot = Atomic<Int>(CallPipe.unopened)
  /// Bytes of messages that the task took since the loop last asked.
  private let taken = Atomic<Int>(0)
  /// Whether a message has arrived in part; then a reader that begins to wait gives credit.
  private let partial = Atomic<Bool>(false)
  let compression: CallCompression
  private let isAwake = Atomic<Bool>(false)
  private let abandoned = Atomic<Bool>(false)
  /// nil while a server's handler has said nothing, as most do.
  private let handlerResponse = Mutex<HandlerResponse?>(nil)

  /// Credit is worth a turn of the loop from here on.
  private static let creditThreshold = 128 * 1024

  /// Values of `streamSlot` when there is no stream, before and after.
  static let unopened = -1
  static let closed = -2

  /// - Parameter budget: what the calls of this connection may hold together of what they send.
  init(waker: any CallWaker, request: ClientRequest? = nil, budget: ByteBudget? = nil) {
    self.waker = waker
    self.request = request
    outbound = MessageQueue(budget: budget)
    compression = CallCompression(request?.compression)
  }

  // MARK: The task's side

  func receiveReady() throws -> RPCReadiness {
    switch try inbound.take() {
    case .message(let message):
      let cost = message.bytes.count + MessageQueue.overhead
      if taken.add(cost, ordering: .relaxed).newValue >= Self.creditThreshold { wake() }
      if compression.note(message) {
        request?.response?.set(lastMessageWasCompressed: message.isCompressed)
      }
      return .message(try decoded(message))
    case .end: return .end
    case .nothingYet: return .nothingYet
    }
  }

  /// A message is decompressed when it is taken, not when it arrives: what waits is bounded by the
  /// window, which knows nothing of how long it becomes.
  private func decoded(_ message: PrefixedMessage) throws(RPCError) -> [UInt8] {
    do {
      return try compression.decode(message)
    } catch {
      inbound.abort(error)
      failReading(error)
      throw error
    }
  }

  func receive() async throws -> [UInt8]? {
    while true {
      switch try receiveReady() {
      case .message(let message): return message
      case .end: return nil
      case .nothingYet:
        try await MessageQueue.wait {
          guard inbound.registerReader($0) else { return }
          if partial.load(ordering: .relaxed) || streamSlot == Self.unopened { wake() }
        } cancel: {
          inbound.cancelReader()
        }
      }
    }
  }

  func sendReady(_ message: [UInt8]) throws -> Bool {
    guard compression.decide() else { return try put(PrefixedMessage(bytes: message)) }
    // It would be compressed for nothing.
    guard outbound.hasRoom else { return false }
    return try put(compression.encode(message))
  }

  func send(_ message: [UInt8]) async throws {
    try await putWhenRoom(
      compression.decide() ? compression.encode(message) : PrefixedMessage(bytes: message)
    )
  }

  func sendUncompressed(_ message: [UInt8]) async throws {
    _ = compression.decide()
    try await putWhenRoom(PrefixedMessage(bytes: message))
  }

  private func put(_ message: PrefixedMessage) throws -> Bool {
    guard UInt32(exactly: message.bytes.count) != nil else {
      throw RPCError(.resourceExhausted, "a message of \(message.bytes.count) bytes cannot be sent")
    }
    guard try outbound.writeReady(message) else { return false }
    wake()
    return true
  }

  private func putWhenRoom(_ message: PrefixedMessage) async throws {
    while try !put(message) { try await waitForRoom() }
  }

  var hasRoom: Bool { outbound.hasRoom }

  func waitForRoom() async throws {
    let writer = outbound.newWriter()
    try await MessageQueue.wait {
      outbound.registerWriter(writer, $0)
    } cancel: {
      outbound.cancelWriter(writer)
    }
  }

  /// No more messages; the response's status, or the request's half-close.
  func finish(_ end: MessageQueue.End) {
    outbound.end(end)
    wake()
  }

  /// Ends both directions, and the stream if it is still open.
  func abandon(_ error: RPCError) {
    inbound.abort(error)
    outbound.abort(error)
    abandoned.store(true, ordering: .releasing)
    wake()
  }

  private func wake() {
    // One look at the pipe is enough for all that happened before it.
    if !isAwake.exchange(true, ordering: .acquiringAndReleasing) { waker.wake(self) }
  }

  // MARK: The loop's side

  /// As new, for another call. Only for a pipe that nobody else holds.
  func reset() {
    inbound.reset()
    outbound.reset()
    compression.reset()
    slot.store(Self.unopened, ordering: .relaxed)
    taken.store(0, ordering: .relaxed)
    partial.store(false, ordering: .relaxed)
    isAwake.store(false, ordering: .relaxed)
    abandoned.store(false, ordering: .relaxed)
    handlerResponse.withLock { $0 = nil }
  }

  /// The loop is about to look; later changes wake it again.
  func fallAsleep() { _ = isAwake.exchange(false, ordering: .acquiringAndReleasing) }

  var streamSlot: Int {
    get { slot.load(ordering: .relaxed) }
    set { slot.store(newValue, ordering: .relaxed) }
  }

  /// The task gave the call up.
  var isAbandoned: Bool { abandoned.load(ordering: .acquiring) }

  func takenBytes() -> Int { taken.exchange(0, ordering: .relaxed) }

  func setPartial(_ isPartial: Bool) { partial.store(isPartial, ordering: .relaxed) }

  /// The peer's messages are of no use from here on; those before are still read. A client gives the
  /// call up, for the server may send for ever; a server's handler says how its call ends.
  func failReading(_ error: RPCError) {
    inbound.end(.failed(error))
    // What has failed is not aborted: its messages stay.
    if request != nil { abandon(error) }
  }

  /// The stream is gone: whoever waits learns why.
  func abort(_ error: RPCError) {
    inbound.abort(error)
    outbound.abort(error)
  }
}

extension CallPipe: HandlerResponseKeeper {
  func withResponse<Result>(_ body: (inout HandlerResponse) -> Result) -> Result {
    handlerResponse.withLock { response in
      var said = response ?? HandlerResponse()
      defer { response = said }
      return body(&said)
    }
  }

  func compressResponse() -> Bool { compression.begin() }

  var lastMessageWasCompressed: Bool { compression.lastWasCompressed }

  /// What the handler has said so far.
  var response: HandlerResponse? { handlerResponse.withLock { $0 } }
}
