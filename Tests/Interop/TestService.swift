import RPC

/// `grpc.testing.TestService` as gRPC's description of its interoperability cases asks for it.
struct TestService: RPCService {
  static let echoInitial = "x-grpc-test-echo-initial"
  static let echoTrailing = "x-grpc-test-echo-trailing-bin"
  /// Above what any case asks for; the rest would be a way to run out of memory.
  private static let longestResponse = 4 * 1024 * 1024 - 64

  func register(with router: inout RPCRouter) {
    router.unary(TestMethods.emptyCall) { _, _ in Empty() }
    router.unary(TestMethods.unaryCall) { request, context in
      try Self.echoMetadata(context)
      try Self.check(request.expectCompressed, context)
      try Self.check(request.responseStatus)
      if request.responseCompressed?.value == true { context.compressResponse() }
      return try Self.response(size: request.responseSize)
    }
    router.serverStreaming(TestMethods.streamingOutputCall) { request, responses, context in
      try await Self.answer(request, responses, context)
    }
    router.clientStreaming(TestMethods.streamingInputCall) { requests, context in
      var response = StreamingInputCallResponse()
      while let request = try await requests.next() {
        try Self.check(request.expectCompressed, context)
        response.aggregatedPayloadSize &+= Int32(clamping: request.payload?.body.count ?? 0)
      }
      return response
    }
    router.bidirectional(TestMethods.fullDuplexCall) { requests, responses, context in
      try Self.echoMetadata(context)
      while let request = try await requests.next() {
        try Self.check(request.responseStatus)
        try await Self.answer(request, responses, context)
      }
    }
  }

  private static func answer(
    _ request: StreamingOutputCallRequest,
    _ responses: RPCWriter<PayloadResponse>,
    _ context: ServerContext
  ) async throws {
    if request.responseParameters.contains(where: { $0.compressed?.value == true }) {
      context.compressResponse()
    }
    for parameters in request.responseParameters {
      if parameters.intervalUs > 0 {
        try await Task.sleep(for: .microseconds(Int64(parameters.intervalUs)))
      }
      let response = try response(size: parameters.size)
      if parameters.compressed?.value == true {
        try await responses.write(response)
      } else {
        try await responses.writeUncompressed(response)
      }
    }
  }

  private static func response(size: Int32) throws(RPCError) -> PayloadResponse {
    guard let size = Int(exactly: size), (0...longestResponse).contains(size) else {
      throw RPCError(.invalidArgument, "a response of \(size) bytes cannot be made")
    }
    var response = PayloadResponse()
    response.payload = Payload(zeros: size)
    return response
  }

  private static func check(
    _ expectCompressed: BoolValue?,
    _ context: ServerContext
  ) throws(RPCError) {
    guard let expectCompressed, expectCompressed.value != context.lastMessageWasCompressed else {
      return
    }
    throw RPCError(
      .invalidArgument,
      expectCompressed.value ? "the request is not compressed" : "the request is compressed"
    )
  }

  private static func check(_ status: EchoStatus?) throws(RPCError) {
    guard let status, status.code != 0 else { return }
    throw RPCError(RPCCode(rawValue: Int(status.code)) ?? .unknown, status.message)
  }

  private static func echoMetadata(_ context: ServerContext) throws(RPCError) {
    var initial = Metadata()
    for value in context.metadata[echoInitial] { initial.append(echoInitial, value) }
    var trailing = Metadata()
    for value in context.metadata[echoTrailing] { trailing.append(echoTrailing, value) }
    try context.addInitialMetadata(initial)
    try context.addTrailingMetadata(trailing)
  }
}
