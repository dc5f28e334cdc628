import Testing
import Wire

@testable import RPC

@Suite("Calls with compressed messages", .timeLimit(.minutes(5)))
struct ClientCompressionTests {
  private static let zeros = [UInt8](repeating: 0, count: 5000)
  private static let compressed = CallOptions(compression: .gzip)

  @Test("requests and responses are compressed, each where it is asked", arguments: Carrier.wires)
  func unary(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [CompressingService()]) { client in
      for request in [false, true] {
        for response in [false, true] {
          let said = ResponseMetadata()
          var options = CallOptions(compression: request ? .gzip : nil)
          options.response = said
          let note = Note(
            number: response ? CompressingService.compressResponse : 0,
            payload: Self.zeros
          )
          let answer = try await client.unary(CompressingService.answer, note, options: options)
          #expect(answer.text == CompressingService.text(asked: response, request: request))
          #expect(answer.payload == Self.zeros)
          #expect(said.lastMessageWasCompressed == response)
        }
      }
    }
  }

  @Test("in process nothing is compressed, and everything arrives")
  func inProcess() async throws {
    try await withClient(over: .inProcess, [CompressingService()]) { client in
      let note = Note(number: CompressingService.compressResponse, payload: Self.zeros)
      let answer = try await client.unary(
        CompressingService.answer,
        note,
        options: Self.compressed
      )
      #expect(answer.text == CompressingService.text(asked: false, request: false))
      #expect(answer.payload == Self.zeros)
    }
  }

  @Test("a message that does not get shorter goes as it is")
  func incompressible() async throws {
    try await withClient(over: .plaintext, [CompressingService()]) { client in
      let answer = try await client.unary(
        CompressingService.answer,
        Note(number: 1),
        options: Self.compressed
      )
      #expect(answer.text == CompressingService.text(asked: true, request: false))
    }
  }

  @Test("single messages are left out, both ways", arguments: Carrier.wires)
  func optOut(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [CompressingService()]) { client in
      let said = ResponseMetadata()
      var options = Self.compressed
      options.response = said
      try await client.bidirectional(CompressingService.chat, options: options) {
        writer,
        finish,
        reader in
        for request in [true, false, true] {
          for response in [true, false] {
            let note = Note(
              number: response ? 0 : CompressingService.leaveThisOut,
              payload: Self.zeros
            )
            if request {
              try await writer.write(note)
            } else {
              try await writer.writeUncompressed(note)
            }
            let answer = try await reader.next()
            #expect(answer?.text == (request ? "z" : "-"))
            #expect(said.lastMessageWasCompressed == response)
          }
        }
        try await finish()
        #expect(try await reader.next() == nil)
      }
    }
  }

  /// Long messages of few bytes, and as many bytes as several windows: credit is given for what came.
  @Test("windows count what travels, not what it becomes", arguments: Carrier.wires)
  func flowControl(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [CompressingService()]) { client in
      let long = [UInt8](repeating: 0, count: 3_000_000)
      let dense = GzipTests.halfRandom(600_000)
      for (payload, count) in [(long, 8), (dense, 12)] {
        let sum = try await client.clientStreaming(
          CompressingService.sum,
          options: Self.compressed
        ) { writer in
          for _ in 0..<count { try await writer.write(Note(payload: payload)) }
        }
        #expect(sum.number == Int64(payload.count * count))
        #expect(sum.text == String(repeating: "z", count: count))

        try await client.bidirectional(CompressingService.chat, options: Self.compressed) {
          writer,
          finish,
          reader in
          async let sent: Void = {
            for _ in 0..<count { try await writer.write(Note(payload: payload)) }
            try await finish()
          }()
          var answers = 0
          while let answer = try await reader.next() {
            #expect(answer.payload == payload)
            answers += 1
          }
          try await sent
          #expect(answers == count)
        }
      }
    }
  }

  @Test("a balanced call compresses what it sends, and leaves out what it is told to")
  func balanced() async throws {
    try await withServer([CompressingService()], tls: nil) { port in
      let transport = BalancedTransport(
        targets: [ServerTarget(host: "127.0.0.1", port: port)],
        tls: nil,
        logger: quietLogger
      )
      let sum = try await RPCClient(transport: transport).clientStreaming(
        CompressingService.sum,
        options: Self.compressed
      ) { writer in
        try await writer.writeUncompressed(Note(payload: Self.zeros))
        try await writer.write(Note(payload: Self.zeros))
        try await writer.writeUncompressed(Note(payload: Self.zeros))
      }
      await transport.close()
      #expect(sum == Note("-z-", number: 15_000))
    }
  }

  /// What a server sends in one frame, and what the client makes of it.
  struct BadAnswer: Sendable {
    var encoding: String?
    var bytes: [UInt8]
    var code: RPCCode
  }

  static let badAnswers: [BadAnswer] = {
    let bomb = Gzip.compressed([UInt8](repeating: 0, count: 1 << 20)) ?? []
    let good = Gzip.compressed(zeros) ?? []
    return [
      BadAnswer(encoding: "gzip", bytes: bomb, code: .resourceExhausted),
      BadAnswer(encoding: "gzip", bytes: [], code: .internalError),
      BadAnswer(encoding: "gzip", bytes: Array(good.dropLast()), code: .internalError),
      BadAnswer(encoding: "gzip", bytes: good + [9], code: .internalError),
      BadAnswer(encoding: nil, bytes: good, code: .internalError),
      BadAnswer(encoding: "identity", bytes: good, code: .internalError),
      BadAnswer(encoding: "br", bytes: good, code: .internalError),
    ]
  }()

  @Test("a response that cannot be decompressed fails its call alone", arguments: badAnswers)
  func badAnswer(_ bad: BadAnswer) async throws {
    var configuration = HTTP2ClientTransport.Configuration()
    configuration.maximumMessageBytes = 100_000
    let head = RawServer.head + (bad.encoding.map { [("grpc-encoding", $0)] } ?? [])
    try await RawServer.with { frame in
      guard frame.type == RawServer.headers else { return .send([]) }
      if frame.request == 2 {
        return .send(RawServer.response(frame.stream, [("grpc-status", "0")]))
      }
      return .send(
        RawServer.headers(frame.stream, end: false, head)
          + RawServer.data(frame.stream, [1] + bigEndian(bad.bytes.count) + bad.bytes)
          + RawServer.headers(frame.stream, end: true, [("grpc-status", "0")])
      )
    } _: { port, _ in
      try await withTransport(port: port, tls: nil, configuration: configuration) { transport in
        let client = RPCClient(transport: transport)
        let error = await #expect(throws: RPCError.self) {
          try await client.unary(EchoService.echo, Note())
        }
        #expect(error?.code == bad.code)
        let next = try await client.unary(EchoService.echo, Note())
        #expect(next == Note())
      }
    }
  }

  @Test(
    "a stream whose message cannot be read is cancelled at the server",
    arguments: [
      ([1, 0, 0, 0, 1, 0], .internalError), ([9, 0, 0, 0, 0], .internalError),
      ([0, 0xFF, 0, 0, 0], .resourceExhausted),
    ] as [([UInt8], RPCCode)]
  )
  func cancelled(_ bytes: [UInt8], _ code: RPCCode) async throws {
    let resets = Gauge()
    try await RawServer.with { frame in
      if frame.type == 3 { resets.add() }
      guard frame.type == RawServer.headers else { return .send([]) }
      return .send(
        RawServer.headers(frame.stream, end: false, RawServer.head + [("grpc-encoding", "gzip")])
          + RawServer.data(frame.stream, bytes)
      )
    } _: { port, _ in
      try await withTransport(port: port, tls: nil) { transport in
        let error = await #expect(throws: RPCError.self) {
          try await RPCClient(transport: transport).serverStreaming(EchoService.count, Note()) {
            _ = try await $0.next()
          }
        }
        #expect(error?.code == code)
        try await resets.reach(1)
      }
    }
  }
}

private func bigEndian(_ count: Int) -> [UInt8] {
  withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
}
