import RPC

/// Cases about how a call ends, and what travels beside its messages.
extension InteropCases {
  func timeoutOnSleepingServer() async throws {
    // The official case has 1 ms and a server that is slow by itself; this one certainly sleeps.
    var request = Self.ping(27182, 31415)
    request.responseParameters[0].intervalUs = 30_000_000
    let options = CallOptions(timeout: .milliseconds(50))
    let error = try await failure {
      try await client.bidirectional(TestMethods.fullDuplexCall, options: options) {
        requests,
        _,
        responses in
        try await requests.write(request)
        _ = try await responses.next()
      }
    }
    try expect(error.code == .deadlineExceeded, "the call ends with DEADLINE_EXCEEDED")
  }

  func cancelAfterBegin() async throws {
    let (begun, begin) = AsyncStream.makeStream(of: Void.self)
    let call = Task {
      try await client.clientStreaming(TestMethods.streamingInputCall) { requests in
        begin.finish()
        // Nothing is sent: the task waits until it is cancelled.
        try await Task.sleep(for: .seconds(600))
      }
    }
    for await _ in begun {}
    call.cancel()
    let result = await call.result
    try expect((try? result.get()) == nil, "a cancelled call has no answer")
    // The connection is as good as before.
    try await emptyUnary()
  }

  func cancelAfterFirstResponse() async throws {
    let (answered, answer) = AsyncStream.makeStream(of: Void.self)
    let call = Task {
      try await client.bidirectional(TestMethods.fullDuplexCall) { requests, _, responses in
        try await requests.write(Self.ping(27182, 31415))
        let first = try await responses.next()
        try expect(first?.payload?.body.count == 31415, "the first response comes")
        answer.finish()
        _ = try await responses.next()
      }
    }
    for await _ in answered {}
    call.cancel()
    let error = try await failure { try await call.value }
    try expect(error.code == .cancelled, "the call ends with CANCELLED")
    try await emptyUnary()
  }

  func statusCodeAndMessage() async throws {
    try await echo(status: 2, "test status message")
  }

  func specialStatusMessage() async throws {
    try await echo(status: 2, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
  }

  private func echo(status code: Int32, _ message: String) async throws {
    var status = EchoStatus()
    status.code = code
    status.message = message
    var simple = SimpleRequest()
    simple.responseStatus = status
    var streaming = StreamingOutputCallRequest()
    streaming.responseStatus = status
    let unary = try await failure { _ = try await client.unary(TestMethods.unaryCall, simple) }
    let duplex = try await failure {
      try await client.bidirectional(TestMethods.fullDuplexCall) { requests, finish, responses in
        try await requests.write(streaming)
        try await finish()
        try expect(try await responses.next() == nil, "no response comes")
      }
    }
    for error in [unary, duplex] {
      try expect(error.code.rawValue == Int(code), "the status code comes back")
      try expect(
        Array(error.message.utf8) == Array(message.utf8),
        "the status message comes back, not \(error.message)"
      )
    }
  }

  func customMetadata() async throws {
    let text = "test_initial_metadata_value"
    let bytes: [UInt8] = [0xAB, 0xAB, 0xAB]
    var options = CallOptions()
    options.metadata.append(TestService.echoInitial, text)
    options.metadata.append(TestService.echoTrailing, .bytes(bytes))

    let unary = ResponseMetadata()
    options.response = unary
    _ = try await client.unary(TestMethods.unaryCall, Self.largeRequest(), options: options)

    let duplex = ResponseMetadata()
    options.response = duplex
    try await client.bidirectional(TestMethods.fullDuplexCall, options: options) {
      requests,
      finish,
      responses in
      try await requests.write(Self.ping(271828, 314159))
      try expect(try await responses.next() != nil, "a response comes")
      try expect(duplex.initial.first(TestService.echoInitial) == text, "it comes first")
      try await finish()
      try expect(try await responses.next() == nil, "one response comes")
    }
    for response in [unary, duplex] {
      try expect(
        response.initial[TestService.echoInitial] == [.text(text)],
        "the initial metadata comes back"
      )
      try expect(
        response.trailing[TestService.echoTrailing] == [.bytes(bytes)],
        "the trailing metadata comes back"
      )
    }
  }
}
