/// The client's side of a connection: calls in, their outcomes out.
final class ClientConnection: H2Connection {
  /// The server takes no new calls here, or the connection is lost; called once, on the loop.
  var onRetired: () -> Void = {}
  private var isRetired = false
  private var goAwayReason: String?
  private var lostError: RPCError?

  private let keepalive: HTTP2ClientTransport.Keepalive?
  private var lastHeard = ContinuousClock.now
  private var pingSent: ContinuousClock.Instant?
  private var isDead = false

  init(limits: H2Limits, keepalive: HTTP2ClientTransport.Keepalive? = nil) {
    self.keepalive = keepalive
    super.init(role: .client, limits: limits)
  }

  override func settleWithoutStream(_ pipe: CallPipe) {
    guard pipe.streamSlot == CallPipe.unopened, let request = pipe.request else { return }
    pipe.streamSlot = CallPipe.closed
    if pipe.isAbandoned { return }
    if let deadline = request.deadline, deadline <= now { return pipe.abort(.deadlinePassed) }
    let stream = ClientStream(pipe: pipe, maximumMessageBytes: session.limits.maximumMessageBytes)
    guard !isRetired, session.submitRequest(request.headers(now: now), stream: stream) else {
      var error =
        lostError ?? RPCError(.unavailable, "the server at \(request.authority) is stopping")
      error.wasNotProcessed = true
      return pipe.abort(error)
    }
    stream.deadline = request.deadline
    if let deadline = request.deadline { watch(deadline) }
    if session.streams.count == 1 { lastHeard = now }
    watchForLife()
    settle(stream)
  }

  override func handle(_ event: H2Event) {
    switch event {
    case .ended(let stream):
      if let stream = stream as? ClientStream { stream.complete(on: session) }
    case .goAway(let code, let text):
      if code != H2ErrorCode.noError { goAwayReason = Self.goodbye(code, text) }
      retire()
    default: break
    }
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
    super.shouldClose || isDead || isRetired && isIdle && session.streams.count == 0
  }

  // MARK: Keepalive

  /// A server that is gone without a word is found by a ping without an answer.
  private func watchForLife() {
    guard let keepalive, session.streams.count > 0 else { return }
    watch(pingSent.map { $0 + keepalive.timeout } ?? lastHeard + keepalive.interval)
  }

  override func receive(_ bytes: UnsafeRawBufferPointer, now: ContinuousClock.Instant) {
    lastHeard = now
    pingSent = nil
    super.receive(bytes, now: now)
    watchForLife()
  }

  override func timeReached(now: ContinuousClock.Instant) {
    super.timeReached(now: now)
    guard let keepalive, session.streams.count > 0 else { return }
    if let sent = pingSent, sent + keepalive.timeout <= now {
      goAwayReason = "no answer to a ping within \(keepalive.timeout)"
      isDead = true
    } else if pingSent == nil, lastHeard + keepalive.interval <= now {
      pingSent = now
      session.ping()
    }
    if !isDead { watchForLife() }
  }
}
