import RPC

/// The methods of `grpc.testing.TestService`, and one of a service that nobody offers.
enum TestMethods {
  private static let service = "grpc.testing.TestService"

  static let emptyCall = RPCMethod<Empty, Empty>(service: service, name: "EmptyCall")
  static let unaryCall = RPCMethod<SimpleRequest, PayloadResponse>(
    service: service,
    name: "UnaryCall"
  )
  static let streamingOutputCall = RPCMethod<StreamingOutputCallRequest, PayloadResponse>(
    service: service,
    name: "StreamingOutputCall",
    shape: .serverStreaming
  )
  static let streamingInputCall =
    RPCMethod<StreamingInputCallRequest, StreamingInputCallResponse>(
      service: service,
      name: "StreamingInputCall",
      shape: .clientStreaming
    )
  static let fullDuplexCall = RPCMethod<StreamingOutputCallRequest, PayloadResponse>(
    service: service,
    name: "FullDuplexCall",
    shape: .bidirectional
  )
  static let unimplementedCall = RPCMethod<Empty, Empty>(
    service: service,
    name: "UnimplementedCall"
  )
  static let unknownService = RPCMethod<Empty, Empty>(
    service: "grpc.testing.UnimplementedService",
    name: "UnimplementedCall"
  )
}
