import Logging
import NIOCore

/// Encrypts a channel, and announces with `TransportReady` when the handshake is done.
final class TLSHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    case handshake, open
    /// Our alert is on its way; closing now, with bytes unread, would have TCP drop it.
    case failed
    case ended
  }

  /// How long a peer may take to read an alert and close.
  private static let lingerTime = TimeAmount.seconds(1)

  private let engine: TLSEngine
  private let handshakeTimeout: TimeAmount
  private let wipesPlaintext: Bool
  private let logger: Logger
  private var phase = Phase.handshake
  private var hasBegun = false
  private var timeout: Scheduled<Void>?
  /// Decrypted bytes; its memory is used again and again.
  private var plain = ByteBuffer()

  init(
    _ engine: TLSEngine,
    handshakeTimeout: TimeAmount,
    wipesPlaintext: Bool = false,
    logger: Logger
  ) {
    self.engine = engine
    self.handshakeTimeout = handshakeTimeout
    self.wipesPlaintext = wipesPlaintext
    self.logger = logger
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { begin(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    begin(context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timeout?.cancel()
    if phase == .handshake {
      phase = .ended
      context.fireErrorCaught(TLSError("the peer closed the connection during the TLS handshake"))
    }
    phase = .ended
    context.fireChannelInactive()
  }

  private func begin(_ context: ChannelHandlerContext) {
    guard !hasBegun else { return }
    hasBegun = true
    let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timeout = context.eventLoop.scheduleTask(in: handshakeTimeout) {
      let (handler, context) = loopBound.value
      if handler.phase == .handshake {
        handler.fail(context, TLSError("the TLS handshake took too long"))
      }
    }
    advance(context)
  }

  // MARK: Inbound

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard phase == .handshake || phase == .open else { return }
    engine.receive(unwrapInboundIn(data))
    if phase == .handshake { advance(context) }
    if phase == .open { read(context) }
  }

  private func advance(_ context: ChannelHandlerContext) {
    do throws(TLSError) {
      let progress = try engine.handshake()
      sendOutput(context)
      guard progress == .done else { return }
    } catch {
      return fail(context, error)
    }
    phase = .open
    timeout?.cancel()
    context.fireUserInboundEventTriggered(TransportReady(peer: engine.peerIdentity))
  }

  private func read(_ context: ChannelHandlerContext) {
    // Whoever was given the last ones has let go of them, as a rule.
    plain.clear()
    defer { if wipesPlaintext { plain.wipe() } }
    do throws(TLSError) {
      let isOpen = try engine.read(into: &plain)
      // Reading may answer: a key update, an alert.
      sendOutput(context)
      if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
      if !isOpen, phase == .open {
        phase = .ended
        context.close(promise: nil)
      }
    } catch {
      if plain.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(plain)) }
      fail(context, error)
    }
  }

  private func fail(_ context: ChannelHandlerContext, _ error: TLSError) {
    guard phase == .handshake || phase == .open else { return }
    phase = .failed
    timeout?.cancel()
    logger.info(
      "TLS connection failed",
      metadata: [
        "rpc.peer": "\(context.remoteAddress.map { "\($0)" } ?? "unknown")", "error": "\(error)",
      ]
    )
    // The alert tells the peer why.
    sendOutput(context)
    context.close(mode: .output, promise: nil)
    let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: Self.lingerTime) { loopBound.value.close(promise: nil) }
    context.fireErrorCaught(error)
  }

  private func sendOutput(_ context: ChannelHandlerContext) {
    if let output = engine.takeOutput() {
      context.writeAndFlush(wrapOutboundOut(output), promise: nil)
    }
  }

  // MARK: Outbound

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard phase == .open else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    let buffer = unwrapOutboundIn(data)
    let result = buffer.withUnsafeReadableBytes { bytes -> Result<Void, TLSError> in
      do throws(TLSError) { return .success(try engine.write(bytes)) } catch {
        return .failure(error)
      }
    }
    if case .failure(let error) = result {
      promise?.fail(error)
      return fail(context, error)
    }
    // An empty write, which carries a promise only, has no output.
    context.write(wrapOutboundOut(engine.takeOutput() ?? ByteBuffer()), promise: promise)
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if phase == .failed { return context.channel.closeFuture.cascade(to: promise) }
    if phase == .open, mode == .all {
      phase = .ended
      engine.shutDown()
      sendOutput(context)
    }
    context.close(mode: mode, promise: promise)
  }
}
