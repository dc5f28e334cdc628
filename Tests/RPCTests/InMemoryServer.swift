import NIOCore
import Synchronization
import TestSupport

@testable import RPC

/// A server's connection and a client's HTTP/2 session, joined in memory: any headers and any bytes
/// can be sent, and no socket, clock or thread of a loop is in between.
final class InMemoryServer {
  /// A response as it arrived.
  final class Exchange: H2Stream {
    private(set) var headers: [String: String] = [:]
    private(set) var messages: [PrefixedMessage] = []
    private(set) var resetCode: UInt32?

    override func header(_ name: HeaderBytes, _ value: HeaderBytes) {
      headers[name.text] = value.text
      if name.equals("grpc-encoding") { assembler.encoding = MessageEncoding(value) }
    }

    override func closed(code: UInt32, error: RPCError?) { resetCode = code }

    func take(_ message: PrefixedMessage) { messages.append(message) }

    var body: [UInt8] { messages.flatMap(\.bytes) }

    var status: RPCCode? { headers["grpc-status"].flatMap { Int($0) }.flatMap(RPCCode.init) }
    var message: String { headers["grpc-message"] ?? "" }
  }

  private final class Waker: CallWaker {
    /// Nil once nobody pumps any more: a pipe holds its waker, and the two would keep each other.
    let pipes = Mutex<[CallPipe]?>([])
    func wake(_ pipe: CallPipe) { pipes.withLock { $0?.append(pipe) } }
  }

  let connection: ServerConnection
  let client: H2Session
  private let waker = Waker()
  private let clientWaker = Waker()
  /// Instead of the clock.
  var now = ContinuousClock.now

  init(
    _ services: [any RPCService],
    limits: H2Limits = H2Limits(),
    clientLimits: H2Limits = H2Limits()
  ) {
    client = H2Session(role: .client, limits: clientLimits)
    let running = RunningCalls(limit: 200, all: CallCounter())
    connection = ServerConnection(
      methods: MethodTable(RPCRouter(services)),
      limits: limits,
      running: running,
      start: HandlerTask.starter(running: running, executor: nil, logger: quietLogger)
    )
    connection.waker = waker
    client.start()
    connection.start(now: now)
    pump()
  }

  /// Handlers that still wait are told that nobody answers any more, as by a connection that ends.
  deinit {
    connection.lost(RPCError(.cancelled, "the test is over"))
    waker.pipes.withLock { $0 = nil }
    clientWaker.pipes.withLock { $0 = nil }
  }

  static let plain: [(String, String)] = [
    (":method", "POST"), (":scheme", "http"), (":path", "/test.Echo/Echo"), (":authority", "x"),
    ("te", "trailers"), ("content-type", "application/grpc"),
  ]

  /// Opens a stream with these headers and this body, and ends it unless told otherwise.
  func send(
    _ headers: [(String, String)] = plain,
    body: [[UInt8]] = [],
    ends: Bool = true
  ) -> Exchange {
    send(headers, messages: body.map { PrefixedMessage(bytes: $0) }, ends: ends)
  }

  func send(
    _ headers: [(String, String)],
    messages: [PrefixedMessage],
    ends: Bool = true
  ) -> Exchange {
    var block = HeaderBlock()
    for (name, value) in headers { block.append(name, value) }
    let exchange = Exchange(
      pipe: CallPipe(waker: clientWaker),
      maximumMessageBytes: 1 << 20
    )
    for message in messages { exchange.outgoing.append(message) }
    if ends { exchange.outgoingEnd = .finished }
    _ = client.submitRequest(block, stream: exchange)
    return exchange
  }

  /// Carries bytes both ways until neither has any.
  func pump() {
    while true {
      for pipe in waker.pipes.withLock({ pipes in
        defer { pipes = [] }
        return pipes ?? []
      }) { connection.wake(pipe) }
      client.gather(limit: .max)
      let up = client.output
      client.output = ByteBuffer()
      if up.readableBytes > 0 {
        up.withUnsafeReadableBytes { connection.receive($0, now: now) }
      }
      var down = ByteBuffer()
      connection.gather(into: &down, limit: .max, now: now)
      if down.readableBytes > 0 { down.withUnsafeReadableBytes { client.receive($0) } }
      for event in client.events {
        if case .closed(let stream, let code) = event { stream.closed(code: code, error: nil) }
      }
      client.events = []
      if up.readableBytes == 0, down.readableBytes == 0 { return }
    }
  }

  /// Pumps until the exchange has ended, or the test's time is over.
  func finish(_ exchange: Exchange) async {
    try? await until {
      pump()
      return exchange.resetCode != nil
    }
    while case .message(let message) = try? exchange.pipe.inbound.take() { exchange.take(message) }
  }
}
