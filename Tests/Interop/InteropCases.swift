import RPC

/// What a case found wrong.
struct CaseFailure: Error, CustomStringConvertible {
  var description: String
}

/// The client's side of gRPC's interoperability cases, each by its official name.
struct InteropCases: Sendable {
  let client: RPCClient

  typealias Case = @Sendable (InteropCases) async throws -> Void

  static let all: [String: Case] = [
    "empty_unary": { try await $0.emptyUnary() },
    "large_unary": { try await $0.largeUnary() },
    "client_streaming": { try await $0.clientStreaming() },
    "server_streaming": { try await $0.serverStreaming() },
    "ping_pong": { try await $0.pingPong() },
    "empty_stream": { try await $0.emptyStream() },
    "timeout_on_sleeping_server": { try await $0.timeoutOnSleepingServer() },
    "cancel_after_begin": { try await $0.cancelAfterBegin() },
    "cancel_after_first_response": { try await $0.cancelAfterFirstResponse() },
    "status_code_and_message": { try await $0.statusCodeAndMessage() },
    "special_status_message": { try await $0.specialStatusMessage() },
    "client_compressed_unary": { try await $0.clientCompressedUnary(probes: true) },
    "client_compressed_unary_without_probe": { try await $0.clientCompressedUnary(probes: false) },
    "server_compressed_unary": { try await $0.serverCompressedUnary() },
    "client_compressed_streaming": { try await $0.clientCompressedStreaming(probes: true) },
    "client_compressed_streaming_without_probe": {
      try await $0.clientCompressedStreaming(probes: false)
    },
    "server_compressed_streaming": { try await $0.serverCompressedStreaming() },
    "custom_metadata": { try await $0.customMetadata() },
    "unimplemented_method": { try await $0.unimplemented(TestMethods.unimplementedCall) },
    "unimplemented_service": { try await $0.unimplemented(TestMethods.unknownService) },
  ]

  static let responseSizes: [Int32] = [31415, 9, 2653, 58979]
  static let requestSizes = [27182, 8, 1828, 45904]

  func emptyUnary() async throws {
    let response = try await client.unary(TestMethods.emptyCall, Empty())
    try expect(response == Empty(), "the answer is empty")
  }

  static func largeRequest() -> SimpleRequest {
    var request = SimpleRequest()
    request.responseSize = 314159
    request.payload = Payload(zeros: 271828)
    return request
  }

  func largeUnary() async throws {
    let response = try await client.unary(TestMethods.unaryCall, Self.largeRequest())
    try expect(response.payload == Payload(zeros: 314159), "314159 zeros come back")
  }

  func clientStreaming() async throws {
    let response = try await client.clientStreaming(TestMethods.streamingInputCall) { requests in
      for size in Self.requestSizes {
        var request = StreamingInputCallRequest()
        request.payload = Payload(zeros: size)
        try await requests.write(request)
      }
    }
    try expect(response.aggregatedPayloadSize == 74922, "74922 bytes are counted")
  }

  func serverStreaming() async throws {
    var request = StreamingOutputCallRequest()
    for size in Self.responseSizes { request.responseParameters.append(.init(size: size)) }
    try await client.serverStreaming(TestMethods.streamingOutputCall, request) { responses in
      for size in Self.responseSizes {
        let response = try await responses.next()
        try expect(response?.payload?.body.count == Int(size), "a response has \(size) bytes")
      }
      try expect(try await responses.next() == nil, "four responses come")
    }
  }

  func pingPong() async throws {
    try await client.bidirectional(TestMethods.fullDuplexCall) { requests, finish, responses in
      for (requestSize, responseSize) in zip(Self.requestSizes, Self.responseSizes) {
        try await requests.write(Self.ping(requestSize, responseSize))
        let response = try await responses.next()
        try expect(
          response?.payload?.body.count == Int(responseSize),
          "a response has \(responseSize) bytes"
        )
      }
      try await finish()
      try expect(try await responses.next() == nil, "four responses come")
    }
  }

  static func ping(_ requestSize: Int, _ responseSize: Int32) -> StreamingOutputCallRequest {
    var request = StreamingOutputCallRequest()
    request.responseParameters = [.init(size: responseSize)]
    request.payload = Payload(zeros: requestSize)
    return request
  }

  func emptyStream() async throws {
    try await client.bidirectional(TestMethods.fullDuplexCall) { _, finish, responses in
      try await finish()
      try expect(try await responses.next() == nil, "no response comes")
    }
  }

  func unimplemented(_ method: RPCMethod<Empty, Empty>) async throws {
    let error = try await failure { _ = try await client.unary(method, Empty()) }
    try expect(error.code == .unimplemented, "the call ends with UNIMPLEMENTED")
  }

  // MARK: What the cases share

  func expect(_ isTrue: Bool, _ what: String) throws {
    if !isTrue { throw CaseFailure(description: "expected that \(what)") }
  }

  /// The status that the call failed with.
  func failure(_ call: () async throws -> Void) async throws -> RPCError {
    do {
      try await call()
    } catch let error as RPCError {
      return error
    }
    throw CaseFailure(description: "the call did not fail")
  }
}

extension ResponseParameters {
  init(size: Int32) { self.size = size }
}
