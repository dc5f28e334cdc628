/// HTTP/2 error codes (RFC 9113, section 7) that are named here.
enum H2ErrorCode {
  static let noError: UInt32 = 0
  static let protocolError: UInt32 = 1
  static let settingsTimeout: UInt32 = 4
  static let refusedStream: UInt32 = 7
  static let cancel: UInt32 = 8
  static let enhanceYourCalm: UInt32 = 11
}

extension RPCError {
  /// What a stream that was reset without a status means (gRPC over HTTP/2, "Errors").
  init(resetWith code: UInt32) {
    switch code {
    case H2ErrorCode.refusedStream:
      // nghttp2 also gives this to streams above the last one that a GOAWAY names.
      self.init(.unavailable, "the server refused the call before looking at it")
      wasNotProcessed = true
    case H2ErrorCode.cancel: self.init(.cancelled, "the server cancelled the call")
    case H2ErrorCode.enhanceYourCalm:
      self.init(.resourceExhausted, "the server asks for fewer calls (ENHANCE_YOUR_CALM)")
    case 12: self.init(.permissionDenied, "the server finds the connection's security inadequate")
    case 5: self.init(.unknown, "the server reset the call (HTTP/2 error 5)")
    default: self.init(.internalError, "the server reset the call (HTTP/2 error \(code))")
    }
  }

  /// What an answer without `grpc-status` means (gRPC's "HTTP to gRPC Status Code Mapping").
  init(httpStatus: Int) {
    let code: RPCCode =
      switch httpStatus {
      case 400: .internalError
      case 401: .unauthenticated
      case 403: .permissionDenied
      case 404: .unimplemented
      case 429, 502, 503, 504: .unavailable
      default: .unknown
      }
    self.init(code, "the server answered HTTP \(httpStatus) without a gRPC status")
  }
}
