import RPC
import Testing

@Suite("How a call ends")
struct CallEndTests {
  @Test("every status code travels with its text and metadata", arguments: Carrier.allCases)
  func statusCodes(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      for code in RPCCode.allCases where code != .ok {
        let text = "why: 100% — \n\u{7f}ß"
        let error = await #expect(throws: RPCError.self) {
          try await client.unary(EchoService.fail, Note(text, number: Int64(code.rawValue)))
        }
        #expect(error?.code == code)
        #expect(error?.message == text)
        #expect(error?.metadata["detail-bin"] == [.bytes([0, 255, 7])])
      }
    }
  }

  @Test("an unexpected error's text stays at the server", arguments: Carrier.allCases)
  func unexpectedError(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(EchoService.fail, Note("unexpected"))
      }
      #expect(error?.code == .unknown)
      #expect(error?.message.contains("hunter2") == false)
    }
  }

  @Test("an error may choose its code and reason", arguments: Carrier.allCases)
  func convertibleError(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(EchoService.fail, Note("convertible"))
      }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.reason == "busy")
    }
  }

  @Test("an error after some messages comes after them", arguments: Carrier.allCases)
  func lateError(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      try await client.serverStreaming(EchoService.failLate, Note(number: 3)) { reader in
        for number in 0..<3 as Range<Int64> {
          let note = try await reader.next()
          #expect(note?.number == number)
        }
        let error = await #expect(throws: RPCError.self) { try await reader.next() }
        #expect(error?.code == .dataLoss)
        #expect(error?.message == "after 3")
      }
    }
  }

  @Test("an unknown method is UNIMPLEMENTED and named", arguments: Carrier.allCases)
  func unknownMethod(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(EchoService.missing, Note())
      }
      #expect(error?.code == .unimplemented)
      #expect(error?.message.contains("/test.Echo/Missing") == true)
    }
  }

  @Test("metadata arrives, bytes too, and the peer's identity", arguments: Carrier.allCases)
  func metadata(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      var metadata = Metadata()
      metadata.append("X-Tenant", "shop, 7")
      metadata.append("blob-bin", .bytes([0, 1, 254, 255]))
      metadata.append("x-tenant", "second")
      let options = CallOptions(timeout: .seconds(60), metadata: metadata)
      let answer = try await client.unary(EchoService.whoAmI, Note(), options: options)
      #expect(
        answer.text.split(separator: "\n") == [
          "/test.Echo/WhoAmI", "\(carrier.expectedPeer)", "x-tenant=shop, 7",
          "blob-bin=[0, 1, 254, 255]", "x-tenant=second",
        ]
      )
      #expect(answer.number == 1)
    }
  }

  @Test(
    "metadata that cannot travel is refused here",
    arguments: Carrier.allCases,
    [("grpc-status", "0"), ("naïve", "x"), ("a b", "x"), ("x", "line\nbreak"), ("", "x")]
  )
  func badMetadata(_ carrier: Carrier, _ entry: (String, String)) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      var metadata = Metadata()
      metadata.append(entry.0, entry.1)
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(
          EchoService.echo,
          Note(),
          options: CallOptions(metadata: metadata)
        )
      }
      #expect(error?.code == .internalError)
    }
  }

  @Test("the deadline ends the call here and cancels the handler", arguments: Carrier.allCases)
  func deadline(_ carrier: Carrier) async throws {
    let service = EchoService()
    try await withClient(over: carrier, [service]) { client in
      var timeout = Duration.milliseconds(50)
      // On a busy machine the time may be over before the handler has begun.
      while service.running.value == 0 {
        timeout *= 2
        let error = await #expect(throws: RPCError.self) {
          try await client.unary(EchoService.hang, Note(), options: CallOptions(timeout: timeout))
        }
        #expect(error?.code == .deadlineExceeded)
      }
      try await service.cancelled.reach(1)
    }
  }

  @Test("a deadline that has passed makes no call", arguments: Carrier.allCases)
  func passedDeadline(_ carrier: Carrier) async throws {
    try await withClient(over: carrier, [EchoService()]) { client in
      let error = await #expect(throws: RPCError.self) {
        try await client.unary(
          EchoService.hang,
          Note(),
          options: CallOptions(timeout: .seconds(-1))
        )
      }
      #expect(error?.code == .deadlineExceeded)
    }
  }

  @Test("cancelling the caller cancels the handler", arguments: Carrier.allCases)
  func cancellation(_ carrier: Carrier) async throws {
    let service = EchoService()
    try await withClient(over: carrier, [service]) { client in
      let call = Task { try await client.unary(EchoService.hang, Note()) }
      try await service.running.reach(1)
      call.cancel()
      let error = await #expect(throws: RPCError.self) { try await call.value }
      #expect(error?.code == .cancelled)
      try await service.cancelled.reach(1)
    }
  }

  @Test("leaving a stream early cancels the handler", arguments: Carrier.allCases)
  func leavingEarly(_ carrier: Carrier) async throws {
    let service = EchoService()
    try await withClient(over: carrier, [service]) { client in
      let request = Note(number: 1_000_000, payload: [UInt8](repeating: 0, count: 1000))
      let first = try await client.serverStreaming(EchoService.flood, request) {
        try await $0.next()
      }
      #expect(first?.payload.count == 1000)
      try await service.cancelled.reach(1)
    }
  }
}
