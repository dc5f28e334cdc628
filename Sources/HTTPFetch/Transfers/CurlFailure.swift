import CCurl

extension FetchError {
  /// What a code of libcurl means to the caller.
  init(_ code: CURLcode, place: String, gate: SocketGate, easy: EasyHandle, mayHaveArrived: Bool) {
    let cause = easy.cause(code)
    let kind: Kind
    let message: String
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      (kind, message) = (
        .hostNotFound, "the name of \(place) was not found; check how it is written"
      )
    case CURLE_COULDNT_CONNECT where gate.refused != nil && !gate.hasOpened:
      (kind, message) = (.notAllowed, "\(place) may not be called: \(gate.refused ?? "")")
    case CURLE_COULDNT_CONNECT:
      (kind, message) = (.cannotConnect, "\(place) does not accept connections")
    case CURLE_SSL_CONNECT_ERROR:
      // Also what a peer does that is restarted in the middle of it: another attempt may succeed.
      (kind, message) = (.cannotConnect, "\(place) and this side agree on no encrypted connection")
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
      CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED:
      (kind, message) = (.tls, "no encrypted connection with \(place) that can be trusted")
    case CURLE_OPERATION_TIMEDOUT:
      (kind, message) = (.timeout, "\(place) could not be connected to in time")
    case CURLE_PARTIAL_FILE:
      (kind, message) = (.truncated, "the answer of \(place) ended before it was complete")
    case CURLE_BAD_CONTENT_ENCODING:
      (kind, message) = (.badEncoding, "the answer of \(place) is not encoded as it says")
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      (kind, message) = (.protocolViolation, "the answer of \(place) breaks its protocol")
    case CURLE_OUT_OF_MEMORY, CURLE_FAILED_INIT, CURLE_NOT_BUILT_IN:
      (kind, message) = (.unavailable, "libcurl could not do what was asked of it")
    case CURLE_LOGIN_DENIED:
      (kind, message) = (.refused, "\(place) does not accept the user name or the password")
    default:
      (kind, message) = (.connectionLost, "the connection to \(place) was lost")
    }
    self.init(kind, message, mayHaveArrived: mayHaveArrived, cause: cause)
  }
}
