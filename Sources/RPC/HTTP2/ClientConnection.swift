/// The client's side of a connection: calls in, their outcomes out.
final class ClientConnection: H2Connection {
  /// The server takes no new calls here, or the connection is lost; called once, on the loop.
  var onRetired: () -> Void = {}
  private var isRetired = false
  private var goAwayReason: String?
  private var lostError: RPCError?

  init(limits: H2Limits) { super.init(role: .client, limits: limits) }

  override func settleWithoutStream(_ pipe: CallPipe) {
    guard pipe.streamSlot == CallPipe.unopened, let request = pipe.request else { return }
    pipe.streamSlot = CallPipe.closed
    if pipe.isAbandoned { return }
    if let deadline = request.deadline, deadline <= now { return pipe.abort(.deadlinePassed) }
    let stream = ClientStream(pipe: pipe, maximumMessageBytes: session.limits.maximumMessageBytes)
    guard !isRetired, session.submitRequest(request.headers(now: now), stream: stream) else {
      let reason = goAwayReason ?? "the server at \(request.authority) is stopping"
      var error = lostError ?? RPCError(.unavailable, reason)
      error.wasNotProcessed = true
      return pipe.abort(error)
    }
    stream.deadline = request.deadline
    if let deadline = request.deadline { watch(deadline) }
    watchPeer()
    settle(stream)
  }

  override func handle(_ event: H2Event) {
    switch event {
    case .ended(let stream):
      if let stream = stream as? ClientStream { stream.complete(on: session) }
    case .goAway(let code, let text):
      // The first: one that only closes the connection may come behind it.
      if code != H2ErrorCode.noError, goAwayReason == nil {
        goAwayReason = Self.goodbye(code, text)
      }
      retire()
    default: break
    }
  }

  /// Streams above the last one that a GOAWAY names close as refused.
  override func error(closedWith code: UInt32) -> RPCError? {
    guard code == H2ErrorCode.refusedStream, let goAwayReason else { return nil }
    var error = RPCError(.unavailable, goAwayReason)
    error.wasNotProcessed = true
    return error
  }

  override func lost(_ error: RPCError) {
    var error = error
    if let goAwayReason { error.message += " (\(goAwayReason))" }
    lostError = error
    // First, so that calls that wait to be opened are not.
    retire()
    super.lost(error)
  }

  private static func goodbye(_ code: UInt32, _ text: String) -> String {
    "the server said goodbye: " + (text.isEmpty ? "HTTP/2 error \(code)" : text)
  }

  private func retire() {
    guard !isRetired else { return }
    isRetired = true
    onRetired()
  }

  /// Says goodbye and takes no more calls.
  func close() {
    retire()
    session.terminate(code: H2ErrorCode.noError)
  }

  /// Takes no more calls; ends with those that are in flight.
  func drain() { retire() }

  override var shouldClose: Bool {
    super.shouldClose || isRetired && isIdle && session.streams.count == 0
  }
}
