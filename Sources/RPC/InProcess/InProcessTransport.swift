import Synchronization

/// Calls a router's handlers in this process: no bytes on a wire, the same behaviour as over one.
///
/// Messages are bounded as over HTTP/2 (256 KiB each way), deadlines and cancellation reach the
/// handler's task, and its errors are mapped as a server maps them. A call ends when its handler
/// has ended too, so that nothing of a test outlives it.
public struct InProcessTransport: RPCTransport {
  private let router: RPCRouter
  private let peer: PeerIdentity?

  /// - Parameter peer: the identity that the handlers see as the caller's.
  public init(router: RPCRouter, peer: PeerIdentity? = nil) {
    self.router = router
    self.peer = peer
  }

  public func withCall<Result: Sendable>(
    path: String,
    options: CallOptions,
    _ body: (any RPCClientCall) async throws -> Result
  ) async throws -> Result {
    if let timeout = options.timeout, timeout <= .zero { throw RPCError.deadlinePassed }
    let metadata = try options.metadata.normalizedForWire()
    let deadline = options.timeout.map { ContinuousClock.now.advanced(by: $0) }
    let call = InProcessCall(options.response)
    let context = ServerContext(
      path: path,
      metadata: metadata,
      deadline: deadline,
      peer: peer,
      response: call
    )
    let method = router.method(atPath: path)

    let outcome = await withTaskGroup(
      of: Void.self,
      returning: Swift.Result<Result, any Error>.self
    ) { group in
      group.addTask { await call.serve(method, context) }
      let outcome: Swift.Result<Result, any Error>
      do {
        outcome = .success(try await body(call))
      } catch {
        outcome = .failure(error)
      }
      call.abort(.cancelledHere)
      group.cancelAll()
      return outcome
    }
    return try outcome.get()
  }
}

/// One direction of a call.
private final class InProcessStream: RPCMessageSource, RPCMessageSink {
  let queue = MessageQueue()

  func receiveReady() throws -> RPCReadiness {
    switch try queue.take() {
    case .message(let message): .message(message.bytes)
    case .end: .end
    case .nothingYet: .nothingYet
    }
  }

  func receive() async throws -> [UInt8]? {
    while true {
      switch try receiveReady() {
      case .message(let message): return message
      case .end: return nil
      case .nothingYet:
        try await MessageQueue.wait {
          queue.registerReader($0)
        } cancel: {
          queue.cancelReader()
        }
      }
    }
  }

  func sendReady(_ message: [UInt8]) throws -> Bool {
    try queue.writeReady(PrefixedMessage(bytes: message))
  }

  func send(_ message: [UInt8]) async throws {
    while try !sendReady(message) {
      let writer = queue.newWriter()
      try await MessageQueue.wait {
        queue.registerWriter(writer, $0)
      } cancel: {
        queue.cancelWriter(writer)
      }
    }
  }
}

/// Both directions of one call, from the client's side.
private final class InProcessCall: RPCClientCall, HandlerResponseKeeper {
  /// The same call from the handler's side.
  private struct ServerSide: RPCServerCall {
    let call: InProcessCall

    func receive() async throws -> [UInt8]? { try await call.requests.receive() }
    func receiveReady() throws -> RPCReadiness { try call.requests.receiveReady() }

    func send(_ message: [UInt8]) async throws {
      call.collectInitial()
      try await call.responses.send(message)
    }

    func sendReady(_ message: [UInt8]) throws -> Bool {
      call.collectInitial()
      return try call.responses.sendReady(message)
    }
  }

  private let requests = InProcessStream()
  private let responses = InProcessStream()
  private let handlerResponse = Mutex(HandlerResponse())
  private let collected: ResponseMetadata?

  init(_ collected: ResponseMetadata?) { self.collected = collected }

  func send(_ message: [UInt8]) async throws { try await requests.send(message) }
  func sendReady(_ message: [UInt8]) throws -> Bool { try requests.sendReady(message) }
  func finishSending() async throws { requests.queue.end(.finished) }
  func receive() async throws -> [UInt8]? { try await responses.receive() }
  func receiveReady() throws -> RPCReadiness { try responses.receiveReady() }

  func withResponse<Result>(_ body: (inout HandlerResponse) -> Result) -> Result {
    handlerResponse.withLock { body(&$0) }
  }

  // Nothing goes over a wire, so nothing gets shorter.
  func compressResponse() -> Bool { false }
  var lastMessageWasCompressed: Bool { false }

  private func collectInitial() {
    if let collected { collected.set(initial: withResponse { $0.initial }) }
  }

  func abort(_ error: RPCError) {
    requests.queue.abort(error)
    responses.queue.abort(error)
  }

  /// Runs the handler until it ends or the deadline cancels it.
  func serve(_ method: RoutedMethod?, _ context: ServerContext) async {
    guard let method else { return end(.failed(.unknownMethod(context.path))) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.run(method, context) }
      if let deadline = context.deadline {
        group.addTask {
          guard (try? await Task.sleep(until: deadline)) != nil else { return }
          self.abort(.deadlinePassed)
        }
      }
      await group.next()
      group.cancelAll()
    }
  }

  private func run(_ method: RoutedMethod, _ context: ServerContext) async {
    let failure = await method.answer(ServerSide(call: self), context)
    end(failure.map { .failed(RPCError(answering: $0)) } ?? .finished)
  }

  private func end(_ end: MessageQueue.End) {
    var end = end
    let said = withResponse { $0 }
    var trailing = said.trailing
    if case .failed(var error) = end {
      error.metadata.append(contentsOf: trailing)
      trailing = error.metadata
      end = .failed(error)
    }
    collected?.set(initial: said.initial)
    collected?.set(trailing: trailing)
    responses.queue.end(end)
    if case .failed(let error) = end {
      requests.queue.end(.failed(error))
    } else {
      requests.queue.abort(
        RPCError(.aborted, "the server ended the call before the last request message")
      )
    }
  }
}
