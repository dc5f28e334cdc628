import NIOCore
import NIOPosix
import Synchronization

/// A TCP connection that sends any bytes, for a peer that does not play by the rules.
final class RawConnection: Sendable {
  private let channel: any Channel
  private let received: ByteCollector

  static func withConnection<Result: Sendable>(
    port: Int,
    _ body: (RawConnection) async throws -> Result
  ) async throws -> Result {
    let received = ByteCollector()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.pipeline.addHandler(received)
      }
      .connect(host: "127.0.0.1", port: port).get()
    defer { channel.close(promise: nil) }
    return try await body(RawConnection(channel: channel, received: received))
  }

  private init(channel: any Channel, received: ByteCollector) {
    self.channel = channel
    self.received = received
  }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
  }

  /// Everything that the peer sent until it closed.
  func untilClosed() async throws -> [UInt8] {
    try await channel.closeFuture.get()
    return received.bytes
  }

  /// HTTP/2's preface and an empty SETTINGS frame.
  static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, [])

  static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8]
  {
    let length = payload.count
    return [
      UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF), type, flags,
    ]
      + withUnsafeBytes(of: stream.bigEndian) { Array($0) } + payload
  }

  /// HPACK: a literal header without indexing, its name and value as they are.
  static func header(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
  }

  static func request(path: String = "/test.Echo/Echo", _ extra: [(String, String)] = []) -> [UInt8]
  {
    ([
      (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"),
      ("te", "trailers"), ("content-type", "application/grpc"),
    ] + extra).flatMap { header($0.0, $0.1) }
  }
}

private final class ByteCollector: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer

  private let state = Mutex<[UInt8]>([])

  var bytes: [UInt8] { state.withLock { $0 } }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    state.withLock { $0.append(contentsOf: buffer.readableBytesView) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

/// A listener that accepts and never says a word.
func withSilentListener<Result: Sendable>(
  _ body: (Int) async throws -> Result
) async throws -> Result {
  let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .bind(host: "127.0.0.1", port: 0).get()
  defer { listener.close(promise: nil) }
  return try await body(listener.localAddress?.port ?? 0)
}
