import NIOCore

/// Sent through the pipeline when the connection can carry HTTP/2.
struct TransportReady: Sendable {
  /// Whom the peer's certificate names; nil without TLS.
  var peer: PeerIdentity?
}

/// Carries an `H2Connection` over a channel: bytes, time and wishes, nothing else.
///
/// All frames of a turn of the loop leave in one write.
///
/// Safety: everything but `wake`, `onLoop` and `loop` is touched on the channel's loop only.
final class HTTP2Handler: ChannelInboundHandler, CallWaker, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// About what one write carries; more waits until the channel is writable again.
  private static let batch = 256 * 1024
  /// How long the last frames may take to leave before the connection is cut.
  private static let closeTimeout = TimeAmount.seconds(5)
  /// How long a peer may leave a full buffer unread before the connection is cut.
  private static let writeStallTimeout = TimeAmount.seconds(30)

  let loop: any EventLoop
  let connection: H2Connection
  /// Fulfilled when the connection is gone.
  let closed: EventLoopFuture<Void>
  /// Called on the loop when the first frames may be sent.
  var onReady: (PeerIdentity?) -> Void = { _ in }
  /// Called on the loop with what went wrong on the channel.
  var onFailure: (any Error) -> Void = { _ in }
  /// What the calls of a lost connection end with, given why, if that is known.
  private let lostError: (String?) -> RPCError
  private let waitsForTLS: Bool
  /// Frames are encrypted as soon as they are written, and must not lie about then.
  private let wipesFrames: Bool
  private var context: ChannelHandlerContext?
  private var spare = ByteBuffer()
  private var hasStarted = false
  private var isReading = false
  private var isFlushing = false
  private var flushIsScheduled = false
  private var isClosing = false
  private var timer: (task: Scheduled<Void>, at: ContinuousClock.Instant)?
  /// Runs while the channel takes no more bytes.
  private var stall: Scheduled<Void>?
  private var closeReason: String?
  /// Called on the loop, once, when the connection is ended for what its peer did.
  var onMisconduct: (String) -> Void = { _ in }

  init(
    channel: any Channel,
    connection: H2Connection,
    waitsForTLS: Bool,
    wipesFrames: Bool = false,
    lostError: @escaping (String?) -> RPCError
  ) {
    loop = channel.eventLoop
    closed = channel.closeFuture
    self.connection = connection
    self.waitsForTLS = waitsForTLS
    self.wipesFrames = wipesFrames
    // nghttp2's own memory is not ours to wipe: no body goes through it.
    if wipesFrames { connection.session.copyThreshold = 0 }
    self.lostError = lostError
  }

  // MARK: From any thread

  func wake(_ pipe: CallPipe) {
    if loop.inEventLoop {
      wakeHere(pipe)
    } else {
      loop.execute { self.wakeHere(pipe) }
    }
  }

  private func wakeHere(_ pipe: CallPipe) {
    connection.wake(pipe)
    scheduleFlush()
  }

  func onLoop(_ work: @escaping @Sendable () -> Void) {
    if loop.inEventLoop { work() } else { loop.execute(work) }
  }

  /// Cuts the connection: what has not left is lost.
  func closeNow(reason: String) {
    onLoop {
      if self.closeReason == nil { self.closeReason = reason }
      self.context?.close(promise: nil)
    }
  }

  /// Lets the calls in flight end, within `grace`, and takes no more.
  func drain(grace: TimeAmount) {
    onLoop {
      guard self.hasStarted, let connection = self.connection as? ServerConnection else {
        return self.closeNow(reason: "the server stopped")
      }
      connection.beginDrain()
      self.scheduleFlush()
      self.loop.scheduleTask(in: grace) {
        self.closeNow(reason: "the server's grace period is over")
      }
    }
  }

  /// Ends a client's connection with GOAWAY.
  func sayGoodbye() {
    onLoop {
      guard self.hasStarted, let connection = self.connection as? ClientConnection else {
        return self.closeNow(reason: "the transport was closed")
      }
      if self.closeReason == nil { self.closeReason = "the transport was closed" }
      connection.close()
      self.scheduleFlush()
    }
  }

  /// Has a client's connection end with its calls.
  func finishCalls() {
    onLoop {
      guard self.hasStarted, let connection = self.connection as? ClientConnection else {
        return self.closeNow(reason: "the transport was closed")
      }
      connection.drain()
      self.scheduleFlush()
    }
  }

  // MARK: The channel's events

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if context.channel.isActive, !waitsForTLS { begin(peer: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    // Whoever waits for this handler may hold it by these: a cycle that would keep the session for ever.
    onReady = { _ in }
    onFailure = { _ in }
    onMisconduct = { _ in }
  }

  func channelActive(context: ChannelHandlerContext) {
    if !waitsForTLS { begin(peer: nil) }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let ready = event as? TransportReady { begin(peer: ready.peer) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard hasStarted else { return }
    isReading = true
    let buffer = unwrapInboundIn(data)
    buffer.withUnsafeReadableBytes { connection.receive($0, now: .now) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    flush()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stall?.cancel()
    stall = nil
    if context.channel.isWritable {
      if !isReading { flush() }
    } else {
      stall = loop.assumeIsolated().scheduleTask(in: Self.writeStallTimeout) {
        self.closeNow(reason: "the peer reads nothing")
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.task.cancel()
    timer = nil
    stall?.cancel()
    stall = nil
    connection.lost(lostError(closeReason))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if closeReason == nil { closeReason = ConnectFailure.describe(error) }
    onFailure(error)
    context.close(promise: nil)
  }

  private func begin(peer: PeerIdentity?) {
    guard !hasStarted else { return }
    hasStarted = true
    onReady(peer)
    connection.start(now: .now)
    flush()
  }

  // MARK: Turns

  func scheduleFlush() {
    guard !isReading, !flushIsScheduled else { return }
    flushIsScheduled = true
    loop.execute {
      self.flushIsScheduled = false
      if !self.isReading { self.flush() }
    }
  }

  private func flush() {
    // Writing may close the channel, which calls back into this handler.
    guard hasStarted, !isFlushing, let context else { return }
    isFlushing = true
    while context.channel.isWritable {
      connection.gather(into: &spare, limit: Self.batch, now: .now)
      guard spare.readableBytes > 0 else { break }
      context.writeAndFlush(wrapOutboundOut(spare), promise: nil)
      if wipesFrames { spare.wipe() } else { spare.clear() }
    }
    isFlushing = false
    setTimer()
    if connection.shouldClose {
      if let misconduct = connection.session.misconduct, closeReason == nil {
        closeReason = "misconduct: \(misconduct)"
        onMisconduct(misconduct)
      }
      closeAfterWrites(context)
    }
  }

  private func setTimer() {
    guard let deadline = connection.nextDeadline, context?.channel.isActive == true else { return }
    if let timer {
      guard deadline < timer.at else { return }
      timer.task.cancel()
    }
    let delay = TimeAmount(max(.zero, ContinuousClock.now.duration(to: deadline)))
    let task = loop.assumeIsolated().scheduleTask(in: delay) { self.timeReached() }
    timer = (task, deadline)
  }

  private func timeReached() {
    timer = nil
    connection.timeReached(now: .now)
    if let reason = connection.deadReason { return closeNow(reason: reason) }
    flush()
  }

  private func closeAfterWrites(_ context: ChannelHandlerContext) {
    guard !isClosing else { return }
    isClosing = true
    let loopBound = NIOLoopBound(context, eventLoop: loop)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
      loopBound.value.close(promise: nil)
    }
    loop.scheduleTask(in: Self.closeTimeout) { loopBound.value.close(promise: nil) }
  }
}
