import NIOCore
import NIOEmbedded
import Testing
import Wire

@testable import RPC

@Suite("A connection that is gone is let go of")
struct ConnectionReleaseTests {
  /// What must not outlive a connection.
  private struct Remains {
    weak var handler: HTTP2Handler?
    weak var connection: ServerConnection?
    /// The tasks of handlers hold this one.
    weak var running: RunningCalls?
  }

  /// Has a connection answer calls, so that it keeps a stream and a task for more, and ends it.
  private func serve(on loop: EmbeddedEventLoop) throws -> Remains {
    let channel = EmbeddedChannel(loop: loop)
    let running = RunningCalls(limit: 200, all: CallCounter())
    let connection = ServerConnection(
      methods: MethodTable(RPCRouter([EchoService()])),
      limits: H2Limits(),
      running: running,
      start: HandlerTask.starter(
        running: running,
        executor: LoopTaskExecutor(loop),
        logger: quietLogger
      )
    )
    let handler = HTTP2Handler(
      channel: channel,
      connection: connection,
      waitsForTLS: false,
      lostError: { _ in RPCError(.cancelled, "lost") }
    )
    connection.waker = handler
    try channel.pipeline.syncOperations.addHandler(handler)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    var bytes = RawConnection.preface
    let note = Note("x").wireBytes()
    for stream in [1, 3] as [UInt32] {
      bytes += RawConnection.frame(1, 4, stream, RawConnection.request())
      bytes += RawConnection.frame(0, 1, stream, [0, 0, 0, 0, UInt8(note.count)] + note)
    }
    try channel.writeInbound(ByteBuffer(bytes: bytes))
    loop.run()
    var answer: [UInt8] = []
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
      answer += Array(buffer.readableBytesView)
    }
    #expect(String(decoding: answer, as: UTF8.self).contains("\n\u{1}x"))
    _ = try channel.finish(acceptAlreadyClosed: true)
    return Remains(handler: handler, connection: connection, running: running)
  }

  @Test("with its streams and its handlers' tasks, also those that wait for another call")
  func letGo() throws {
    let loop = EmbeddedEventLoop()
    let remains = try serve(on: loop)
    // What waited is told to end in a turn of the loop.
    loop.run()
    #expect(remains.handler == nil)
    #expect(remains.connection == nil)
    #expect(remains.running == nil)
  }
}
