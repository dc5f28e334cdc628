import TestSupport
import Testing
import Wire

@testable import RPC

/// gRPC's compression.md (https://github.com/grpc/grpc/blob/master/doc/compression.md).
@Suite("A server's rules of compression")
struct ServerCompressionTests {
  private static let zeros = [UInt8](repeating: 0, count: 5000)

  private func headers(
    _ method: RPCMethod<Note, Note>,
    encoding: String? = nil,
    accepts: String? = nil
  ) -> [(String, String)] {
    var headers = InMemoryServer.plain
    headers[2].1 = method.path
    if let encoding { headers.append(("grpc-encoding", encoding)) }
    if let accepts { headers.append(("grpc-accept-encoding", accepts)) }
    return headers
  }

  private func compressed(_ note: Note) throws -> PrefixedMessage {
    PrefixedMessage(bytes: try #require(Gzip.compressed(note.wireBytes())), isCompressed: true)
  }

  private func flagged(_ bytes: [UInt8]) -> PrefixedMessage {
    PrefixedMessage(bytes: bytes, isCompressed: true)
  }

  private func server(limit: Int = 1 << 20) -> InMemoryServer {
    var limits = H2Limits()
    limits.maximumMessageBytes = limit
    return InMemoryServer([CompressingService(), EchoService()], limits: limits)
  }

  @Test("a compressed request is read, and its answer is not compressed unasked")
  func request() async throws {
    let server = server()
    let exchange = server.send(
      headers(CompressingService.answer, encoding: "gzip", accepts: "gzip"),
      messages: [try compressed(Note(payload: Self.zeros))]
    )
    await server.finish(exchange)
    #expect(exchange.status == .ok)
    let answer = try Note(wireBytes: exchange.body)
    #expect(answer.payload == Self.zeros)
    #expect(answer.text == CompressingService.text(asked: false, request: true))
    #expect(exchange.messages.map(\.isCompressed) == [false])
    #expect(exchange.headers["grpc-encoding"] == nil)
    #expect(exchange.headers["grpc-accept-encoding"] == "identity,gzip")
  }

  @Test("a message may be left as it is where others are compressed")
  func mixed() async throws {
    let server = server()
    let exchange = server.send(
      headers(CompressingService.sum, encoding: "gzip"),
      messages: [
        PrefixedMessage(bytes: Note(payload: Self.zeros).wireBytes()),
        try compressed(Note(payload: Self.zeros)),
        PrefixedMessage(bytes: []),
      ]
    )
    await server.finish(exchange)
    #expect(try Note(wireBytes: exchange.body) == Note("-z-", number: 10_000))
  }

  @Test(
    "a response is compressed when the handler asks and the client takes it",
    arguments: [
      ("gzip", true), ("identity,gzip", true), ("deflate , gzip , br", true), (nil, false),
      ("identity", false), ("gzipx", false), ("xgzip", false), ("x-gzip,deflate", false),
      ("", false), (",,", false),
    ] as [(String?, Bool)]
  )
  func response(_ accepts: String?, _ isCompressed: Bool) async throws {
    let server = server()
    let request = Note(number: CompressingService.compressResponse, payload: Self.zeros)
    let exchange = server.send(
      headers(CompressingService.answer, accepts: accepts),
      body: [request.wireBytes()]
    )
    await server.finish(exchange)
    #expect(exchange.status == .ok)
    #expect(exchange.headers["grpc-encoding"] == (isCompressed ? "gzip" : nil))
    #expect(exchange.headers["grpc-accept-encoding"] == (accepts == nil ? nil : "identity,gzip"))
    let message = try #require(exchange.messages.first)
    #expect(message.isCompressed == isCompressed)
    let bytes =
      isCompressed ? try Gzip.decompressed(message.bytes, limit: 10_000) : message.bytes
    let answer = try Note(wireBytes: bytes)
    #expect(answer.text == CompressingService.text(asked: isCompressed, request: false))
    #expect(answer.payload == Self.zeros)
  }

  @Test("single messages of a compressed response are sent as they are")
  func optOut() async throws {
    let server = server()
    let exchange = server.send(
      headers(CompressingService.chat, accepts: "gzip"),
      body: [0, CompressingService.leaveThisOut, 0].map {
        Note(number: $0, payload: Self.zeros).wireBytes()
      }
    )
    await server.finish(exchange)
    #expect(exchange.headers["grpc-encoding"] == "gzip")
    #expect(exchange.messages.map(\.isCompressed) == [true, false, true])
  }

  @Test("after the first message it is too late to ask")
  func late() async throws {
    let server = server()
    let exchange = server.send(
      headers(CompressingService.late, accepts: "gzip"),
      body: [Note(payload: Self.zeros).wireBytes()]
    )
    await server.finish(exchange)
    #expect(exchange.messages.map(\.isCompressed) == [false, false])
    #expect(try Note(wireBytes: #require(exchange.messages.last?.bytes)).text == "false")
  }

  @Test("a flag without an encoding is INTERNAL", arguments: [nil, "identity"])
  func flagAlone(_ encoding: String?) async throws {
    let server = server()
    let exchange = server.send(
      headers(CompressingService.answer, encoding: encoding),
      messages: [try compressed(Note(payload: Self.zeros))]
    )
    await server.finish(exchange)
    #expect(exchange.status == .internalError)
    #expect(exchange.message.contains("grpc-encoding"))
  }

  @Test("an unknown encoding is UNIMPLEMENTED, and the answer names those that are known")
  func unknownEncoding() async throws {
    let server = server()
    let exchange = server.send(
      headers(CompressingService.answer, encoding: "br"),
      messages: [flagged([1, 2, 3])],
      ends: false
    )
    await server.finish(exchange)
    #expect(exchange.status == .unimplemented)
    #expect(exchange.message.contains("br") && exchange.message.contains("gzip"))
    #expect(exchange.headers["grpc-accept-encoding"] == "identity,gzip")
    #expect(exchange.messages.isEmpty)
  }

  @Test("what is not whole gzip is INTERNAL")
  func corrupt() async throws {
    let good = try compressed(Note(payload: Self.zeros)).bytes
    for bytes in [[], [1, 2, 3], Array(good.dropLast()), good + [0]] {
      let server = server()
      let exchange = server.send(
        headers(CompressingService.answer, encoding: "gzip"),
        messages: [flagged(bytes)]
      )
      await server.finish(exchange)
      #expect(exchange.status == .internalError)
    }
  }

  @Test("a message that is longer than the limit is RESOURCE_EXHAUSTED, before and after")
  func tooLong() async throws {
    let bomb = try compressed(Note(payload: [UInt8](repeating: 0, count: 1 << 20)))
    #expect(bomb.bytes.count < 10_000)
    for message in [bomb, flagged([UInt8](repeating: 0, count: 10_001))] {
      let server = server(limit: 10_000)
      let exchange = server.send(
        headers(CompressingService.answer, encoding: "gzip"),
        messages: [message]
      )
      await server.finish(exchange)
      #expect(exchange.status == .resourceExhausted)
    }
  }

  @Test("messages wait as they came: none is decompressed before it is taken")
  func lazy() async throws {
    let service = EchoService()
    let server = InMemoryServer([service])
    let exchange = server.send(
      headers(EchoService.drip, encoding: "gzip"),
      messages: [try compressed(Note(payload: Self.zeros)), flagged([1, 2, 3])]
    )
    server.pump()
    service.release.add()
    try await until {
      server.pump()
      while case .message(let message) = try exchange.pipe.inbound.take() { exchange.take(message) }
      return !exchange.messages.isEmpty
    }
    #expect(try Note(wireBytes: exchange.body).number == 5000)
    #expect(exchange.status == nil)
    service.release.add()
    await server.finish(exchange)
    #expect(exchange.status == .internalError)
  }
}
