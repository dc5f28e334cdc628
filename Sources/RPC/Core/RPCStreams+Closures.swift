/// Readers and writers over closures, for fakes.
extension RPCReader {
  public init(receive: @escaping @Sendable () async throws -> [UInt8]?) {
    self.init(ClosureSource(body: receive))
  }
}

extension RPCWriter {
  public init(send: @escaping @Sendable ([UInt8]) async throws -> Void) {
    self.init(ClosureSink(body: send))
  }
}

private struct ClosureSource: RPCMessageSource {
  let body: @Sendable () async throws -> [UInt8]?

  func receive() async throws -> [UInt8]? { try await body() }
}

private struct ClosureSink: RPCMessageSink {
  let body: @Sendable ([UInt8]) async throws -> Void

  func send(_ message: [UInt8]) async throws { try await body(message) }
}
