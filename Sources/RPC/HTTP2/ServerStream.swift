/// A request and its response.
final class ServerStream: H2Stream {
  @exclusivity(unchecked) private(set) var head = RequestHead()
  /// Why the call cannot be made, if so; known when the head is complete.
  @exclusivity(unchecked) private(set) var refusal: RequestHead.Refusal?
  /// Runs the handler; cancelled when nobody waits for it any more.
  @exclusivity(unchecked) var running: (any RunningHandler)?
  private let methods: MethodTable
  @exclusivity(unchecked) private var responseStarted = false
  @exclusivity(unchecked) private var responseEnded = false

  private static let responseHeaders: HeaderBlock = {
    var headers = HeaderBlock()
    headers.append(":status", "200")
    headers.append("content-type", "application/grpc")
    return headers
  }()

  /// For clients that know of compression; others need not be told, and it costs a header a call.
  private static let responseHeadersNamingEncodings: HeaderBlock = {
    var headers = responseHeaders
    headers.append("grpc-accept-encoding", MessageEncoding.accepted)
    return headers
  }()

  private static let okTrailers: HeaderBlock = {
    var headers = HeaderBlock()
    headers.append("grpc-status", "0")
    return headers
  }()

  init(pipe: CallPipe, methods: MethodTable, maximumMessageBytes: Int) {
    self.methods = methods
    super.init(pipe: pipe, maximumMessageBytes: maximumMessageBytes)
  }

  override func reset() {
    super.reset()
    head = RequestHead()
    refusal = nil
    running = nil
    responseStarted = false
    responseEnded = false
    headIsComplete = false
  }

  /// Trailers of a request carry nothing for us.
  @exclusivity(unchecked) private var headIsComplete = false

  override func header(_ name: HeaderBytes, _ value: HeaderBytes) {
    if !headIsComplete { head.append(name, value, methods: methods) }
  }

  override func headersEnded() {
    guard !headIsComplete else { return }
    headIsComplete = true
    refusal = head.judge()
    assembler.encoding = head.encoding
    if head.acceptsGzip { pipe.compression.allow() }
  }

  override func ended() {
    super.ended()
    let end: MessageQueue.End =
      assembler.pendingBytes == 0
      ? .finished : .failed(RPCError(.internalError, "the request ended inside a message"))
    pipe.inbound.end(end)
  }

  // MARK: Answering

  /// Answers without a handler.
  func refuse(_ refusal: RequestHead.Refusal, on session: H2Session) {
    ignoreData()
    switch refusal {
    case .grpc(let error):
      outgoingEnd = .failed(error)
      settle(on: session)
    case .http(let status):
      var headers = HeaderBlock()
      headers.append(":status", String(status))
      if status == 405 { headers.append("allow", "POST") }
      responseStarted = true
      session.submitResponse(headers, stream: self, hasBody: false)
      endResponse()
    case .page: answer(page: session.limits.page, on: session)
    }
  }

  /// Answers with a text that is no gRPC.
  func answer(page: String, on session: H2Session) {
    guard !responseStarted else { return }
    let body = [UInt8](page.utf8)
    var headers = HeaderBlock()
    headers.append(":status", "200")
    headers.append("content-type", "text/plain; charset=utf-8")
    headers.append("content-length", String(body.count))
    hasTrailers = false
    outgoing = OutgoingMessages(body: body)
    outgoingEnd = .finished
    responseStarted = true
    session.submitResponse(headers, stream: self, hasBody: true)
    endResponse()
  }

  override func settle(on session: H2Session) {
    guard !responseEnded else { return }
    if responseStarted { return session.resume(self) }
    if outgoing.byteCount > 0 {
      responseStarted = true
      let headers = headers(with: pipe.response)
      session.submitResponse(headers, stream: self, hasBody: true)
    } else if let end = outgoingEnd {
      responseStarted = true
      let response = pipe.response
      var headers = headers(with: response)
      // Initial metadata of its own needs a header list of its own; else one says everything.
      if let response, !response.initial.isEmpty {
        return session.submitResponse(headers, stream: self, hasBody: true)
      }
      headers.append(status: end.error)
      if let response { headers.append(response.trailing) }
      session.submitResponse(headers, stream: self, hasBody: false)
      endResponse()
    }
  }

  override func drained(on session: H2Session) {
    guard !responseEnded, let end = outgoingEnd else { return }
    var trailers = Self.okTrailers
    if let error = end.error {
      trailers = HeaderBlock()
      trailers.append(status: error)
    }
    if let response = pipe.response { trailers.append(response.trailing) }
    session.submitTrailers(trailers, stream: self)
    endResponse()
  }

  private func headers(with response: HandlerResponse?) -> HeaderBlock {
    var headers =
      head.namesEncodings ? Self.responseHeadersNamingEncodings : Self.responseHeaders
    if pipe.compression.isOn { headers.append("grpc-encoding", "gzip") }
    if let response { headers.append(response.initial) }
    return headers
  }

  /// The response has left. Not earlier: a submitted RST_STREAM makes nghttp2 drop what waits.
  override func sent(on session: H2Session) {
    // The rest of the request is of no use; RFC 9113, 8.1, has the server say so with NO_ERROR.
    if !remoteEnded { session.reset(self, code: H2ErrorCode.noError) }
  }

  private func endResponse() {
    responseEnded = true
    ignoreData()
  }

  // MARK: Ends that the handler did not choose

  override func expire(on session: H2Session) {
    guard !responseEnded else { return }
    pipe.abort(.deadlinePassed)
    running?.cancel(pipe)
    if outgoing.byteCount > 0 {
      // Bytes wait for the peer's window: the status would come too late behind them.
      responseEnded = true
      session.reset(self, code: H2ErrorCode.cancel)
    } else {
      outgoingEnd = .failed(.deadlinePassed)
      settle(on: session)
    }
  }

  override func stalled(on session: H2Session) {
    // No client that speaks gRPC opens a call and gives it no window at all.
    if !hasSent { return session.end(misconduct: "a window that stays shut") }
    pipe.abort(RPCError(.cancelled, "the client has stopped reading"))
    running?.cancel(pipe)
    responseEnded = true
    session.reset(self, code: H2ErrorCode.cancel)
  }

  override func closed(code: UInt32, error: RPCError?) {
    defer { running = nil }
    if responseEnded, error == nil, code == H2ErrorCode.noError { return }
    pipe.abort(error ?? RPCError(.cancelled, "the client cancelled the call"))
    running?.cancel(pipe)
  }
}
