import RPC

/// Cases about compressed messages. A probe asks whether the server looks at a message's
/// Compressed-Flag; those that cannot are called without.
extension InteropCases {
  private static let compressed = CallOptions(compression: .gzip)

  func clientCompressedUnary(probes: Bool) async throws {
    var request = Self.largeRequest()
    request.expectCompressed = BoolValue(value: true)
    if probes {
      let error = try await failure { _ = try await client.unary(TestMethods.unaryCall, request) }
      try expect(error.code == .invalidArgument, "the probe is refused with INVALID_ARGUMENT")
    }
    try await expectLarge(client.unary(TestMethods.unaryCall, request, options: Self.compressed))
    request.expectCompressed = BoolValue(value: false)
    try await expectLarge(client.unary(TestMethods.unaryCall, request))
  }

  func serverCompressedUnary() async throws {
    for isCompressed in [true, false] {
      var request = Self.largeRequest()
      request.responseCompressed = BoolValue(value: isCompressed)
      var options = CallOptions()
      let said = ResponseMetadata()
      options.response = said
      try await expectLarge(client.unary(TestMethods.unaryCall, request, options: options))
      try expect(
        said.lastMessageWasCompressed == isCompressed,
        "the response is \(isCompressed ? "" : "not ")compressed"
      )
    }
  }

  private func expectLarge(_ response: PayloadResponse) throws {
    try expect(response.payload == Payload(zeros: 314159), "314159 zeros come back")
  }

  func clientCompressedStreaming(probes: Bool) async throws {
    var first = StreamingInputCallRequest()
    first.payload = Payload(zeros: 27182)
    first.expectCompressed = BoolValue(value: true)
    var second = StreamingInputCallRequest()
    second.payload = Payload(zeros: 45904)
    second.expectCompressed = BoolValue(value: false)
    if probes {
      let error = try await failure { [first] in
        _ = try await client.clientStreaming(TestMethods.streamingInputCall) {
          try await $0.write(first)
        }
      }
      try expect(error.code == .invalidArgument, "the probe is refused with INVALID_ARGUMENT")
    }
    let response = try await client.clientStreaming(
      TestMethods.streamingInputCall,
      options: Self.compressed
    ) { [first, second] in
      try await $0.write(first)
      try await $0.writeUncompressed(second)
    }
    try expect(response.aggregatedPayloadSize == 73086, "73086 bytes are counted")
  }

  func serverCompressedStreaming() async throws {
    var request = StreamingOutputCallRequest()
    request.responseParameters = [.init(size: 31415), .init(size: 92653)]
    request.responseParameters[0].compressed = BoolValue(value: true)
    request.responseParameters[1].compressed = BoolValue(value: false)
    let said = ResponseMetadata()
    var options = CallOptions()
    options.response = said
    try await client.serverStreaming(
      TestMethods.streamingOutputCall,
      request,
      options: options
    ) { responses in
      for (size, isCompressed) in [(31415, true), (92653, false)] {
        let response = try await responses.next()
        try expect(response?.payload == Payload(zeros: size), "a response has \(size) zeros")
        try expect(
          said.lastMessageWasCompressed == isCompressed,
          "it is \(isCompressed ? "" : "not ")compressed"
        )
      }
      try expect(try await responses.next() == nil, "two responses come")
    }
  }
}
