import RPC
import Testing

@Suite("A slow reader slows its writer")
struct FlowControlTests {
  private let message = Note(payload: [UInt8](repeating: 7, count: 1000))

  /// Buffers of both ends (256 KiB each) and, over HTTP/2, the stream's window of 1 MiB; in
  /// messages, and one for rounding.
  private func bound(_ carrier: Carrier) -> Int {
    let bytes = carrier == .inProcess ? 256 * 1024 : 1024 * 1024 + 2 * 256 * 1024
    return bytes / 1000 + 1
  }

  @Test("a server stream never runs further ahead than its buffers", arguments: Carrier.allCases)
  func serverStream(_ carrier: Carrier) async throws {
    let service = EchoService()
    let count = 20_000
    try await withClient(over: carrier, [service]) { client in
      let request = Note(number: Int64(count), payload: message.payload)
      try await client.serverStreaming(EchoService.flood, request) { reader in
        // The writer fills what it may while nobody reads.
        try await service.flooded.reach(bound(carrier) / 5)
        var read = 0
        while try await reader.next() != nil {
          read += 1
          try #require(service.flooded.value - read <= bound(carrier))
        }
        #expect(read == count)
      }
    }
  }

  @Test("a client stream never runs further ahead than its buffers", arguments: Carrier.allCases)
  func clientStream(_ carrier: Carrier) async throws {
    let service = EchoService()
    let count = 3000
    try await withClient(over: carrier, [service]) { client in
      try await client.bidirectional(EchoService.drip) { writer, finish, reader in
        let written = Gauge()
        async let writing: Void = {
          for _ in 0..<count {
            try await writer.write(message)
            written.add()
          }
          try await finish()
        }()
        try await written.reach(bound(carrier) / 5)
        for read in 0..<count {
          try #require(written.value - read <= bound(carrier))
          service.release.add()
          let answer = try await reader.next()
          #expect(answer?.number == 1000)
        }
        service.release.add()
        let end = try await reader.next()
        #expect(end == nil)
        try await writing
      }
    }
  }

  @Test("messages longer than the window pass", arguments: Carrier.wires)
  func longMessages(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      // All of them together are far above the connection's window too.
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<24 as Range<Int64> {
          group.addTask {
            let note = Note(number: number, payload: [UInt8](repeating: 1, count: 1_000_000))
            let answer = try await client.unary(EchoService.echo, note)
            #expect(answer == note)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("one stuck call does not stop the others", arguments: Carrier.wires)
  func stuckCall(_ carrier: Carrier) async throws {
    let service = EchoService()
    try await withClient(over: carrier, [service]) { client in
      let request = Note(number: 1_000_000, payload: message.payload)
      try await client.serverStreaming(EchoService.flood, request) { _ in
        try await service.flooded.reach(bound(carrier) / 5)
        for number in 0..<200 as Range<Int64> {
          let answer = try await client.unary(EchoService.echo, Note(number: number))
          #expect(answer.number == number)
        }
      }
      try await service.cancelled.reach(1)
    }
  }

  @Test("a message above the limit is RESOURCE_EXHAUSTED", arguments: Carrier.wires)
  func tooLongRequest(_ carrier: Carrier) async throws {
    var configuration = HTTP2Server.Configuration()
    configuration.maximumMessageBytes = 1000
    try await withClient(over: carrier, [EchoService()], configuration: configuration) { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(EchoService.echo, Note(payload: [UInt8](repeating: 0, count: 2000)))
      }
      #expect(error?.code == .resourceExhausted)
      #expect(error?.message.contains("1000") == true)
      // The connection is none the worse.
      _ = try await client.unary(EchoService.echo, Note("still here"))
    }
  }

  @Test("a response above the client's limit is RESOURCE_EXHAUSTED")
  func tooLongResponse() async throws {
    let service = EchoService()
    try await withServer([service], tls: nil) { port in
      var configuration = HTTP2ClientTransport.Configuration()
      configuration.maximumMessageBytes = 100
      try await withTransport(port: port, tls: nil, configuration: configuration) { transport in
        let error = await #expect(throws: RPCError.self) {
          try await RPCClient(transport: transport).unary(EchoService.echo, message)
        }
        #expect(error?.code == .resourceExhausted)
      }
    }
  }
}
