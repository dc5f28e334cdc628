import NIOCore

/// gRPC on one connection without I/O: bytes and time go in; bytes and wishes come out.
///
/// It is confined to one loop. After every entry the carrier looks at the wishes: `nextDeadline`,
/// `shouldClose`. Subclasses are the server's and the client's side.
class H2Connection {
  let session: H2Session
  @exclusivity(unchecked) private var awake: [CallPipe] = []
  /// When this turn happens; the session's callbacks want to know as well.
  private(set) var now: ContinuousClock.Instant {
    get { session.now }
    set { session.now = newValue }
  }
  /// When `timeReached` is to be called, at the latest.
  @exclusivity(unchecked) private(set) var nextDeadline: ContinuousClock.Instant?
  @exclusivity(unchecked) private var isLost = false
  /// Why the transport is to be cut at once, if it is.
  @exclusivity(unchecked) private(set) var deadReason: String?
  @exclusivity(unchecked) private var lastReceived = ContinuousClock.now
  @exclusivity(unchecked) private var lastPing: ContinuousClock.Instant?
  /// The peer must have sent its SETTINGS by then.
  @exclusivity(unchecked) private var settingsDue: ContinuousClock.Instant?
  /// The peer must have acknowledged our SETTINGS by then (RFC 9113, 6.5.3): who does not may be
  /// holding back on purpose.
  @exclusivity(unchecked) private var acknowledgementDue: ContinuousClock.Instant?

  /// Credit below this is not worth a look: the windows are far larger.
  static let creditStep = 32 * 1024
  /// Between two looks at streams whose window may be shut.
  private static let windowInterval = Duration.seconds(5)

  init(role: H2Session.Role, limits: H2Limits) {
    session = H2Session(role: role, limits: limits)
  }

  /// Whether the transport is to be closed once what was gathered has left.
  var shouldClose: Bool { session.isFinished }

  /// Nothing waits to be done before the next flush.
  var isIdle: Bool { awake.isEmpty }

  // MARK: Entries

  func start(now: ContinuousClock.Instant) {
    self.now = now
    lastReceived = now
    session.start()
    if session.role == .server {
      let due = now.advanced(by: session.limits.prefaceTimeout)
      settingsDue = due
      watch(due)
      acknowledgementDue = now.advanced(by: session.limits.settingsTimeout)
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer, now: ContinuousClock.Instant) {
    self.now = now
    lastReceived = now
    lastPing = nil
    session.receive(bytes)
    handleEvents()
  }

  /// A pipe has something new; it is looked at when frames are gathered.
  func wake(_ pipe: CallPipe) {
    if isLost {
      pipe.fallAsleep()
      settleWithoutStream(pipe)
    } else {
      awake.append(pipe)
    }
  }

  /// Appends at least one frame's and about `limit` bytes at most to `buffer`.
  func gather(into buffer: inout ByteBuffer, limit: Int, now: ContinuousClock.Instant) {
    self.now = now
    swap(&session.output, &buffer)
    defer { swap(&session.output, &buffer) }
    repeat {
      settleAwake()
      session.gather(limit: limit)
    } while handleEvents() && session.output.readableBytes < limit || !awake.isEmpty

    reportSent()
    gathered()
  }

  func timeReached(now: ContinuousClock.Instant) {
    self.now = now
    nextDeadline = nil
    // Expiring a stream does not change the list: nghttp2 closes streams later.
    for stream in session.streams.streams {
      guard let deadline = stream.deadline else { continue }
      if deadline <= now {
        stream.deadline = nil
        stream.expire(on: session)
      } else {
        watch(deadline)
      }
    }
    checkWindows()
    checkPeer()
  }

  /// Finds calls that hold messages for a client that does not want them.
  private func checkWindows() {
    guard session.role == .server, session.streams.count > 0 else { return }
    watchWindows()
    for stream in session.streams.streams where stream.outgoing.byteCount > 0 {
      guard let since = stream.stalledSince else {
        stream.stalledSince = now
        continue
      }
      let limit =
        stream.hasSent ? session.limits.windowTimeout : session.limits.firstWindowTimeout
      if since.advanced(by: limit) <= now { stream.stalled(on: session) }
    }
  }

  /// A call was opened that may have something to say.
  final func watchWindows() { watch(now.advanced(by: Self.windowInterval)) }

  /// Finds out whether the peer is there at all.
  private func checkPeer() {
    if let due = settingsDue {
      if due <= now {
        deadReason = "the peer said nothing in HTTP/2"
      } else {
        watch(due)
      }
    } else if let due = acknowledgementDue {
      if due <= now {
        acknowledgementDue = nil
        session.terminate(code: H2ErrorCode.settingsTimeout)
      } else {
        watch(due)
      }
    }
    // Without calls nobody waits for the peer.
    guard session.streams.count > 0, let keepalive = session.limits.keepalive else { return }
    if let lastPing {
      let due = lastPing.advanced(by: keepalive.timeout)
      if due <= now {
        deadReason = "no answer to a ping within \(keepalive.timeout)"
      } else {
        watch(due)
      }
    } else if lastReceived.advanced(by: keepalive.interval) <= now {
      session.ping()
      lastPing = now
      watch(now.advanced(by: keepalive.timeout))
    } else {
      watch(lastReceived.advanced(by: keepalive.interval))
    }
  }

  /// A call was opened, so the peer is waited for.
  final func watchPeer() {
    guard let keepalive = session.limits.keepalive else { return }
    // Silence counts from the first call on.
    if session.streams.count == 1 { lastReceived = now }
    watch(lastReceived.advanced(by: keepalive.interval))
  }

  /// The transport is gone; every call on it ends with `error`.
  func lost(_ error: RPCError) {
    guard !isLost else { return }
    isLost = true
    for stream in session.streams.streams {
      session.streams.remove(stream)
      stream.closed(code: H2ErrorCode.noError, error: error)
    }
    let pipes = awake
    awake = []
    for pipe in pipes {
      pipe.fallAsleep()
      settleWithoutStream(pipe)
    }
    nextDeadline = nil
  }

  // MARK: For subclasses

  /// Handles an event that is not about the bytes of a stream.
  func handle(_ event: H2Event) {}

  /// What a stream's end means, where the connection knows more than the code says.
  func error(closedWith code: UInt32) -> RPCError? { nil }

  /// A stream has closed, and is in no list any more but that of streams whose bytes have left.
  func retired(_ stream: H2Stream) {}

  /// What was gathered has been told to everybody.
  func gathered() {}

  /// A pipe that has no stream (yet, or any more) was woken.
  func settleWithoutStream(_ pipe: CallPipe) {}

  /// Has `timeReached` called then.
  final func watch(_ deadline: ContinuousClock.Instant) {
    if nextDeadline.map({ deadline < $0 }) ?? true { nextDeadline = deadline }
  }

  final func settle(_ stream: H2Stream) {
    session.consume(stream.creditDue(atLeast: Self.creditStep), of: stream)
    let end = stream.pipe.outbound.takeAll { stream.outgoing.append($0) }
    if stream.outgoingEnd == nil { stream.outgoingEnd = end }
    stream.settle(on: session)
  }

  // MARK: Turns

  /// Lets the writers go on whose bytes have left.
  private func reportSent() {
    guard !session.sending.isEmpty else { return }
    var streams: [H2Stream] = []
    swap(&streams, &session.sending)
    for stream in streams {
      let sent = stream.sentBytes
      stream.sentBytes = 0
      stream.hasSent = true
      stream.stalledSince = nil
      stream.pipe.outbound.drained(sent)
    }
    streams.removeAll(keepingCapacity: true)
    swap(&streams, &session.sending)
  }

  private func settleAwake() {
    guard !awake.isEmpty else { return }
    // A local array: each touch of a class's property costs a check of exclusive access.
    var pipes: [CallPipe] = []
    swap(&pipes, &awake)
    for pipe in pipes {
      pipe.fallAsleep()
      if let stream = session.streams.stream(of: pipe) {
        settle(stream)
      } else {
        settleWithoutStream(pipe)
      }
    }
    pipes.removeAll(keepingCapacity: true)
    // Settling may have woken others; they are for the next round.
    if awake.isEmpty { swap(&pipes, &awake) }
  }

  /// - Returns: whether there was any.
  @discardableResult
  private func handleEvents() -> Bool {
    guard !session.events.isEmpty else { return false }
    var events: [H2Event] = []
    swap(&events, &session.events)
    for event in events {
      switch event {
      case .data(let stream) where !stream.isClosed:
        session.consume(stream.creditDue(atLeast: Self.creditStep), of: stream)
      case .drained(let stream) where !stream.isClosed: stream.drained(on: session)
      case .sent(let stream) where !stream.isClosed: stream.sent(on: session)
      case .closed(let stream, let code):
        session.consumeConnection(stream.remainingCredit())
        stream.closed(code: code, error: error(closedWith: code))
        retired(stream)
      case .settings:
        settingsDue = nil
        if let acknowledgementDue { watch(acknowledgementDue) }
        handle(event)
      case .settingsAcknowledged: acknowledgementDue = nil
      default: handle(event)
      }
    }
    events.removeAll(keepingCapacity: true)
    // No callback runs while events are handled, so none was added.
    swap(&events, &session.events)
    return true
  }
}
