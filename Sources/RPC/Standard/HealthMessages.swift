public import Wire

/// Whether a service takes calls (`grpc.health.v1.HealthCheckResponse.ServingStatus`).
public enum ServingStatus: Int32, Sendable {
  case unknown = 0
  case serving = 1
  case notServing = 2
  /// Only a watch answers this: the service may still come.
  case serviceUnknown = 3
}

/// `grpc.health.v1.HealthCheckRequest`; an empty name asks for the server as a whole.
public struct HealthCheckRequest: WireMessage, Equatable {
  public var service = ""

  public init() {}
  public init(service: String) { self.service = service }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): service = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) { writer.string(1, service) }
}

/// `grpc.health.v1.HealthCheckResponse`.
public struct HealthCheckResponse: WireMessage, Equatable {
  public var status = ServingStatus.unknown

  public init() {}
  public init(status: ServingStatus) { self.status = status }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): status = ServingStatus(rawValue: try reader.int32()) ?? .unknown
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) { writer.int32(1, status.rawValue) }
}

/// The methods of `grpc.health.v1.Health`.
public enum HealthMethods {
  public static let service = "grpc.health.v1.Health"
  public static let check = RPCMethod<HealthCheckRequest, HealthCheckResponse>(
    service: service,
    name: "Check",
    isIdempotent: true
  )
  public static let watch = RPCMethod<HealthCheckRequest, HealthCheckResponse>(
    service: service,
    name: "Watch",
    shape: .serverStreaming,
    isIdempotent: true
  )
}
