import Synchronization

/// The server's side of a connection: requests in, calls of handlers out.
final class ServerConnection: H2Connection {
  /// Runs a call's handler; called on the loop.
  typealias Start = (CallPipe, RoutedMethod, ServerContext) -> any RunningHandler

  /// Whom the connection's certificate names; set before the first byte.
  @exclusivity(unchecked) var peer: PeerIdentity?
  /// Handlers that run, also those whose stream is gone.
  let running: RunningCalls
  /// What the pipes of calls wake, which owns this connection; set before the first byte.
  unowned var waker: (any CallWaker)?
  /// Why the client gets no calls, if so; set before the first byte.
  @exclusivity(unchecked) var refusal: String?
  private let start: Start
  /// Streams that have closed in this turn.
  @exclusivity(unchecked) private var retired: [ServerStream] = []
  /// Streams for calls to come: making one costs as much as a small call's frames.
  @exclusivity(unchecked) private var spare: [ServerStream] = []
  private static let maximumSpare = 32
  @exclusivity(unchecked) private var drain = Drain.none

  private enum Drain {
    case none
    /// GOAWAY without a last stream was sent, and a PING: what the peer sent before is still taken.
    case announced
    case final
  }

  init(
    methods: MethodTable,
    limits: H2Limits,
    running: RunningCalls,
    start: @escaping Start
  ) {
    self.running = running
    self.start = start
    super.init(role: .server, limits: limits)
    let maximumMessageBytes = limits.maximumMessageBytes
    let budget = ByteBudget(limits.outgoingBytes)
    session.makeStream = { [unowned self] in
      if let stream = spare.popLast() { return stream }
      guard let waker else { return nil }
      return ServerStream(
        pipe: CallPipe(waker: waker, budget: budget),
        methods: methods,
        maximumMessageBytes: maximumMessageBytes
      )
    }
  }

  override func start(now: ContinuousClock.Instant) {
    super.start(now: now)
    guard let refusal else { return }
    session.goAway(code: H2ErrorCode.enhanceYourCalm, text: refusal)
    session.terminate(code: H2ErrorCode.enhanceYourCalm)
  }

  override func handle(_ event: H2Event) {
    switch event {
    case .headers(let stream):
      if let stream = stream as? ServerStream, !stream.isClosed, !stream.wasSeen { begin(stream) }
    case .ended(let stream):
      // Of a page: a call's end is its queue's.
      if let stream = stream as? ServerStream, !stream.isClosed {
        stream.answer(page: session.limits.page, on: session)
      }
    case .pingAcknowledged where drain == .announced:
      drain = .final
      session.goAway()
    default: break
    }
  }

  private func begin(_ stream: ServerStream) {
    stream.wasSeen = true
    if stream.headersTooLong {
      session.charge(.oversizedHeaders)
      return stream.refuse(
        .grpc(
          RPCError(
            .resourceExhausted,
            "the request's headers are longer than \(session.limits.headerListBytes) bytes"
          )
        ),
        on: session
      )
    }
    if case .page = stream.refusal {
      stream.awaitsEnd = true
      // A body may follow, and is to be looked at by HTTP/2's rules before the answer.
      stream.ignoreData()
      if stream.remoteEnded { stream.answer(page: session.limits.page, on: session) }
      return
    }
    if let refusal = stream.refusal { return stream.refuse(refusal, on: session) }
    guard let method = stream.head.method else { return }
    guard running.begin() else {
      return stream.refuse(
        .grpc(RPCError(.resourceExhausted, "too many calls of this connection are running")),
        on: session
      )
    }
    stream.deadline = stream.head.timeout.map { now.advanced(by: $0) }
    if let deadline = stream.deadline { watch(deadline) }
    watchPeer()
    watchWindows()
    let context = ServerContext(
      path: method.path,
      metadata: stream.head.metadata,
      deadline: stream.deadline,
      peer: peer,
      response: stream.pipe
    )
    stream.running = start(stream.pipe, method, context)
  }

  override func retired(_ stream: H2Stream) {
    if let stream = stream as? ServerStream { retired.append(stream) }
  }

  /// The pipes of streams hold what owns this connection: none may be kept beyond its end.
  override func lost(_ error: RPCError) {
    super.lost(error)
    retired = []
    spare = []
  }

  override func gathered() {
    guard !retired.isEmpty else { return }
    // A handler that still runs, or a wake on its way, holds the pipe: then the stream is let go.
    for stream in retired where spare.count < Self.maximumSpare && stream.ownsPipeAlone() {
      stream.reset()
      spare.append(stream)
    }
    retired.removeAll(keepingCapacity: true)
  }

  /// Begins a graceful stop: calls in flight go on, new ones are refused.
  func beginDrain() {
    guard drain == .none else { return }
    drain = .announced
    session.announceShutdown()
    session.ping()
  }

  /// The calls that were in flight have ended.
  override var shouldClose: Bool {
    super.shouldClose || drain == .final && session.streams.count == 0
  }
}
