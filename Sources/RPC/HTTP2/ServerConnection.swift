import Synchronization

/// The server's side of a connection: requests in, calls of handlers out.
final class ServerConnection: H2Connection {
  /// Runs a call's handler; called on the loop.
  typealias Start = (CallPipe, MethodTable.Method, ServerContext) -> Task<Void, Never>

  /// Whom the connection's certificate names; set before the first byte.
  var peer: PeerIdentity?
  /// Handlers that run, also those whose stream is gone.
  let running: RunningCalls
  /// What the pipes of calls wake; set before the first byte.
  weak var waker: (any CallWaker)?
  /// Why the client gets no calls, if so; set before the first byte.
  var refusal: String?
  private let start: Start
  private var drain = Drain.none

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
      if let stream = stream as? ServerStream, stream.isPage, !stream.isClosed {
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
    if case .page = stream.head.refusal {
      stream.isPage = true
      // A body may follow, and is to be looked at by HTTP/2's rules before the answer.
      stream.ignoreData()
      if stream.remoteEnded { stream.answer(page: session.limits.page, on: session) }
      return
    }
    if let refusal = stream.head.refusal { return stream.refuse(refusal, on: session) }
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
    stream.task = start(stream.pipe, method, context)
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
