import GRPCCore

/// `bench.v1.Bench`, with messages as bytes: echoing needs no field, and what the two others need is
/// coded here, so that no generator has to be built. It costs less than generated messages would.
struct BenchService: RegistrableRPCService {
  private static let service = "bench.v1.Bench"

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    register("Echo", &router) { request, _ in
      let request = try await ServerRequest(stream: request)
      return StreamingServerResponse(single: ServerResponse(message: request.message))
    }
    register("Down", &router) { request, _ in
      let request = try await ServerRequest(stream: request)
      let (count, size) = Numbers.decode(request.message)
      let message = Numbers.blob(size: Int(size))
      return StreamingServerResponse { writer in
        for _ in 0..<count { try await writer.write(message) }
        return [:]
      }
    }
    register("Up", &router) { request, _ in
      var count: UInt64 = 0
      var bytes: UInt64 = 0
      for try await message in request.messages {
        count += 1
        bytes += UInt64(message.count)
      }
      let message = Numbers.encode(count, bytes)
      return StreamingServerResponse(single: ServerResponse(message: message))
    }
  }

  private func register<Transport: ServerTransport>(
    _ method: String,
    _ router: inout RPCRouter<Transport>,
    _ handler:
      @escaping @Sendable (StreamingServerRequest<[UInt8]>, ServerContext) async throws ->
      StreamingServerResponse<[UInt8]>
  ) {
    router.registerHandler(
      forMethod: MethodDescriptor(fullyQualifiedService: Self.service, method: method),
      deserializer: BytesDeserializer(),
      serializer: BytesSerializer(),
      handler: handler
    )
  }
}

private struct BytesSerializer: MessageSerializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) -> Bytes { Bytes(message) }
}

private struct BytesDeserializer: MessageDeserializer {
  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) -> [UInt8] {
    bytes.withUnsafeBytes { Array($0) }
  }
}

/// Messages whose fields 1 and 2 are varints.
private enum Numbers {
  static func decode(_ message: [UInt8]) -> (UInt64, UInt64) {
    var fields: [UInt64] = [0, 0]
    var bytes = message[...]
    while let tag = bytes.popFirst() {
      var shift: UInt64 = 0
      while let byte = bytes.popFirst() {
        if tag >> 3 == 1 || tag >> 3 == 2 {
          fields[Int(tag >> 3) - 1] |= UInt64(byte & 127) << shift
        }
        shift += 7
        if byte < 128 { break }
      }
    }
    return (fields[0], fields[1])
  }

  static func encode(_ first: UInt64, _ second: UInt64) -> [UInt8] {
    [0x08] + varint(first) + [0x10] + varint(second)
  }

  static func blob(size: Int) -> [UInt8] {
    [0x0A] + varint(UInt64(size)) + [UInt8](repeating: 0x78, count: size)
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest > 127 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }
}
