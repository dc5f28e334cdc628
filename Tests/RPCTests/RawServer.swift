import NIOCore
import NIOPosix
import RPC
import Synchronization

/// A server that answers frames with any bytes, for clients that must survive it.
final class RawServer: Sendable {
  struct Frame: Sendable {
    var type: UInt8
    var flags: UInt8
    var stream: UInt32
    /// Counts the requests of all connections, from 1; 0 for other frames.
    var request: Int
  }

  enum Answer: Sendable {
    case send([UInt8])
    case sendAndClose([UInt8])
  }

  static let headers: UInt8 = 1

  let requests = Gauge()
  private let script: @Sendable (Frame) -> Answer

  /// - Parameters:
  ///   - settings: the payload of the first SETTINGS frame.
  ///   - script: what each frame is answered with.
  static func with<Result: Sendable>(
    settings: [UInt8] = [],
    _ script: @escaping @Sendable (Frame) -> Answer,
    _ body: (Int, RawServer) async throws -> Result
  ) async throws -> Result {
    let server = RawServer(script)
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.pipeline.addHandler(RawHandler(server, settings))
      }
      .bind(host: "127.0.0.1", port: 0).get()
    defer { listener.close(promise: nil) }
    return try await body(listener.localAddress?.port ?? 0, server)
  }

  private init(_ script: @escaping @Sendable (Frame) -> Answer) { self.script = script }

  fileprivate func answer(to frame: Frame) -> Answer {
    var frame = frame
    if frame.type == Self.headers {
      requests.add()
      frame.request = requests.value
    }
    return script(frame)
  }

  // MARK: Frames

  static func headers(_ stream: UInt32, end: Bool, _ fields: [(String, String)]) -> [UInt8] {
    RawConnection.frame(
      headers,
      end ? 5 : 4,
      stream,
      fields.flatMap { RawConnection.header($0.0, $0.1) }
    )
  }

  static let head = [(":status", "200"), ("content-type", "application/grpc")]

  static func data(_ stream: UInt32, _ bytes: [UInt8], end: Bool = false) -> [UInt8] {
    RawConnection.frame(0, end ? 1 : 0, stream, bytes)
  }

  static func reset(_ stream: UInt32, _ code: UInt8) -> [UInt8] {
    RawConnection.frame(3, 0, stream, [0, 0, 0, code])
  }

  static func goAway(last: UInt8, _ code: UInt8 = 0) -> [UInt8] {
    RawConnection.frame(7, 0, 0, [0, 0, 0, last, 0, 0, 0, code])
  }

  /// An empty message, and a status.
  static func response(_ stream: UInt32, _ trailers: [(String, String)]) -> [UInt8] {
    headers(stream, end: false, head) + data(stream, [0, 0, 0, 0, 0])
      + headers(stream, end: true, trailers)
  }

  static func status(_ stream: UInt32, _ trailers: [(String, String)]) -> [UInt8] {
    headers(stream, end: true, head + trailers)
  }
}

private final class RawHandler: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let prefaceLength = 24
  private let server: RawServer
  private let settings: [UInt8]
  private let state = Mutex((bytes: [UInt8](), hasPreface: false))

  init(_ server: RawServer, _ settings: [UInt8]) {
    self.server = server
    self.settings = settings
  }

  func channelActive(context: ChannelHandlerContext) {
    send(.send(RawConnection.frame(4, 0, 0, settings)), context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    let frames = state.withLock { state -> [RawServer.Frame] in
      state.bytes += buffer.readableBytesView
      var frames: [RawServer.Frame] = []
      if !state.hasPreface {
        guard state.bytes.count >= Self.prefaceLength else { return [] }
        state.bytes.removeFirst(Self.prefaceLength)
        state.hasPreface = true
      }
      while state.bytes.count >= 9 {
        let bytes = state.bytes
        let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        guard bytes.count >= 9 + length else { break }
        let stream = bytes[5..<9].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
        frames.append(
          RawServer.Frame(type: bytes[3], flags: bytes[4], stream: stream, request: 0)
        )
        state.bytes.removeFirst(9 + length)
      }
      return frames
    }
    for frame in frames { send(server.answer(to: frame), context) }
  }

  private func send(_ answer: RawServer.Answer, _ context: ChannelHandlerContext) {
    switch answer {
    case .send(let bytes):
      if !bytes.isEmpty {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
      }
    case .sendAndClose(let bytes):
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
