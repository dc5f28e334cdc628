import RPC
import Testing

@Suite("The four shapes of a call")
struct CallShapeTests {
  @Test("a unary call returns its message", arguments: Carrier.allCases)
  func unary(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      for size in [0, 1, 100, 70_000, 3_000_000] {
        let note = Note("hallo", number: -5, payload: [UInt8](repeating: 9, count: size))
        let answer = try await client.unary(EchoService.echo, note)
        #expect(answer == note)
      }
    }
  }

  @Test("a server stream arrives whole and in order", arguments: Carrier.allCases)
  func serverStreaming(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      for count in [0, 1, 20_000] as [Int64] {
        let numbers = try await client.serverStreaming(EchoService.count, Note(number: count)) {
          var numbers: [Int64] = []
          while let note = try await $0.next() { numbers.append(note.number) }
          return numbers
        }
        #expect(numbers == Array(0..<count))
      }
    }
  }

  @Test("a client stream is summed", arguments: Carrier.allCases)
  func clientStreaming(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      for count in [0, 1, 20_000] as [Int64] {
        let sum = try await client.clientStreaming(EchoService.sum) { writer in
          for number in 0..<count { try await writer.write(Note(number: number)) }
        }
        #expect(sum.number == count * (count - 1) / 2)
      }
    }
  }

  @Test("both directions go on side by side", arguments: Carrier.allCases)
  func bidirectional(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let payload = [UInt8](repeating: 1, count: 1000)
      let received = try await client.bidirectional(EchoService.chat) { writer, finish, reader in
        async let sent: Void = {
          for number in 0..<5000 as Range<Int64> {
            try await writer.write(Note(number: number, payload: payload))
          }
          try await finish()
        }()
        var received: Int64 = 0
        while let note = try await reader.next() {
          #expect(note.number == received)
          received += 1
        }
        try await sent
        return received
      }
      #expect(received == 5000)
    }
  }

  @Test("a conversation alternates on one stream", arguments: Carrier.allCases)
  func conversation(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      try await client.bidirectional(EchoService.chat) { writer, finish, reader in
        for number in 0..<100 as Range<Int64> {
          try await writer.write(Note(number: number))
          let answer = try await reader.next()
          #expect(answer?.number == number)
        }
        try await finish()
        let end = try await reader.next()
        #expect(end == nil)
      }
    }
  }

  @Test("a server may answer before the client has ended", arguments: Carrier.allCases)
  func earlyAnswer(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let first = try await client.clientStreaming(EchoService.quit) { writer in
        try await writer.write(Note(number: 42))
      }
      #expect(first.number == 42)
    }
  }

  @Test("many calls share the transport", arguments: Carrier.allCases)
  func concurrentCalls(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let sum = try await withThrowingTaskGroup(of: Int64.self) { group in
        for number in 0..<500 as Range<Int64> {
          group.addTask { try await client.unary(EchoService.echo, Note(number: number)).number }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 500 * 499 / 2)
    }
  }
}
