public import RPC

public enum BenchMethods {
  private static let service = BenchService.name

  public static let echo = RPCMethod<Blob, Blob>(service: service, name: "Echo")
  public static let down = RPCMethod<DownRequest, Blob>(
    service: service,
    name: "Down",
    shape: .serverStreaming
  )
  public static let up = RPCMethod<Blob, UpResponse>(
    service: service,
    name: "Up",
    shape: .clientStreaming
  )
}

/// `bench.v1.Bench`: as little as a handler can do, so that what is measured is the engine.
public struct BenchService: RPCService {
  public static let name = "bench.v1.Bench"

  public init() {}

  public func register(with router: inout RPCRouter) {
    router.unary(BenchMethods.echo) { request, _ in request }
    router.serverStreaming(BenchMethods.down) { request, responses, _ in
      let message = Blob(body: [UInt8](repeating: 0x78, count: Int(request.size)))
      for _ in 0..<request.count { try await responses.write(message) }
    }
    router.clientStreaming(BenchMethods.up) { requests, _ in
      var response = UpResponse()
      while let request = try await requests.next() {
        response.count += 1
        response.bytes += UInt64(request.body.count)
      }
      return response
    }
  }
}
