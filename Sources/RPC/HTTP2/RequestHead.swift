/// What a request's headers say, read header by header without building Strings for the usual ones.
struct RequestHead {
  enum Refusal {
    /// Not gRPC: an HTTP status alone.
    case http(Int)
    /// `/`, for people and for HTTP/2 suites.
    case page
    case grpc(RPCError)
  }

  private(set) var method: RoutedMethod?
  private(set) var timeout: Duration?
  private(set) var encoding = MessageEncoding.identity
  /// Responses may be compressed with gzip.
  private(set) var acceptsGzip = false
  /// The client knows of compression, so it is told what is taken here.
  private(set) var namesEncodings = false
  private(set) var metadata = Metadata()
  private var path: String?
  private var isPost = false
  private var isGet = false
  private var isGRPC = false
  private var acceptsTrailers = false
  private var problem: RPCError?

  mutating func append(_ name: HeaderBytes, _ value: HeaderBytes, methods: MethodTable) {
    switch name.count {
    case 2 where name.equals("te"): acceptsTrailers = value.equals("trailers")
    case 5 where name.equals(":path"):
      method = methods.method(atPath: value)
      if method == nil { path = HeaderBytes(rebasing: value.prefix(200)).text }
    case 7 where name.equals(":method"):
      isPost = value.equals("POST")
      isGet = value.equals("GET")
    case 12 where name.equals("content-type"): isGRPC = value.isGRPCContentType
    case 12 where name.equals("grpc-timeout"):
      timeout = GRPCTimeout.parse(value)
      if timeout == nil { problem = RPCError(.internalError, "grpc-timeout is malformed") }
    case 13 where name.equals("grpc-encoding"):
      namesEncodings = true
      encoding = MessageEncoding(value)
      if encoding == .unknown { problem = .unknownEncoding(value) }
    case 20 where name.equals("grpc-accept-encoding"):
      namesEncodings = true
      acceptsGzip = acceptsGzip || value.namesGzip
    default: appendOther(name, value)
    }
  }

  private mutating func appendOther(_ name: HeaderBytes, _ value: HeaderBytes) {
    if name.first == UInt8(ascii: ":") || name.hasPrefix("grpc-") || name.equals("user-agent")
      || name.equals("host") || name.equals("content-length")
    {
      return
    }
    if !metadata.appendHeader(name, value) {
      problem = RPCError(.internalError, "metadata \(name.text) is not base64")
    }
  }

  /// Why the call cannot be made, if so.
  ///
  /// It changes nothing; what is only asked would copy all of it first.
  mutating func judge() -> Refusal? {
    if !isGRPC, path == "/", isGet || isPost { return .page }
    guard isPost else { return .http(405) }
    guard isGRPC else { return .http(415) }
    guard acceptsTrailers else {
      return .grpc(RPCError(.internalError, "the request has no \"te: trailers\""))
    }
    if let problem { return .grpc(problem) }
    guard method != nil else { return .grpc(.unknownMethod(path ?? "")) }
    return nil
  }
}

extension RPCError {
  /// gRPC's compression.md, "Test cases", wants what is supported named as well.
  fileprivate static func unknownEncoding(_ name: HeaderBytes) -> RPCError {
    let name = HeaderBytes(rebasing: name.prefix(40)).text
    return RPCError(
      .unimplemented,
      "messages compressed with \(name) are not understood here; identity and gzip are"
    )
  }
}
