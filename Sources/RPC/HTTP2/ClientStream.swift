/// What a client asks: sent when its task first needs the stream.
struct ClientRequest: Sendable {
  var path: String
  var authority: String
  var scheme: String
  /// As `normalizedForWire` gave it.
  var metadata: Metadata
  var deadline: ContinuousClock.Instant?
  /// Takes the response's metadata.
  var response: ResponseMetadata?
  /// Of the messages, unless one is sent as it is.
  var compression: MessageCompression?

  func headers(now: ContinuousClock.Instant) -> HeaderBlock {
    var headers = HeaderBlock(fields: 12, bytes: 256)
    headers.append(":method", "POST")
    headers.append(":scheme", scheme)
    headers.append(":path", path)
    headers.append(":authority", authority)
    headers.append("te", "trailers")
    headers.append("content-type", "application/grpc")
    headers.append("user-agent", "sluice")
    headers.append("grpc-accept-encoding", MessageEncoding.accepted)
    if compression == .gzip { headers.append("grpc-encoding", "gzip") }
    if let deadline {
      headers.append("grpc-timeout", GRPCTimeout.format(now.duration(to: deadline)))
    }
    headers.append(metadata)
    return headers
  }
}

/// A call's request and response, from the client's side.
final class ClientStream: H2Stream {
  override init(pipe: CallPipe, maximumMessageBytes: Int) {
    super.init(pipe: pipe, maximumMessageBytes: maximumMessageBytes)
    awaitsEnd = true
  }

  private var httpStatus: Int?
  private var isGRPC = false
  private var statusCode: Int?
  private var statusMessage = ""
  private var metadata = Metadata()
  private var pushback: RetryPushback?
  private var isComplete = false

  override func header(_ name: HeaderBytes, _ value: HeaderBytes) {
    switch name.count {
    case 7 where name.equals(":status"): httpStatus = value.decimal
    case 11 where name.equals("grpc-status"): statusCode = value.decimal ?? -1
    case 12 where name.equals("grpc-message"): statusMessage = PercentCoding.decode(value)
    case 12 where name.equals("content-type"): isGRPC = value.isGRPCContentType
    case 13 where name.equals("grpc-encoding"):
      assembler.encoding = MessageEncoding(value)
    case 22 where name.equals("grpc-retry-pushback-ms"):
      pushback = RetryPushback(milliseconds: value.decimal)
    default:
      if name.first != UInt8(ascii: ":"),
        !name.hasPrefix("grpc-") || name.equals("grpc-status-details-bin")
      {
        // A value that is not base64 is dropped: the status must arrive.
        _ = metadata.appendHeader(name, value)
      }
    }
  }

  override func headersEnded() {
    if let httpStatus, (100..<200).contains(httpStatus) {
      self.httpStatus = nil
      return
    }
    // A proxy's page is no message.
    if !isGRPC { ignoreData() }
    if statusCode == nil {
      pipe.request?.response?.set(initial: metadata)
      metadata = Metadata()
    } else {
      pipe.request?.response?.set(trailing: metadata)
    }
  }

  /// The response has ended: gives the task its outcome.
  func complete(on session: H2Session) {
    guard !isComplete else { return }
    isComplete = true
    pipe.inbound.end(outcome)
    if outgoingEnd == nil || outgoing.byteCount > 0 {
      pipe.outbound.abort(
        outcome.error
          ?? RPCError(.aborted, "the server ended the call before the last request message")
      )
      session.reset(self, code: H2ErrorCode.noError)
    }
  }

  private var outcome: MessageQueue.End {
    if headersTooLong {
      return .failed(RPCError(.resourceExhausted, "the response's headers are too long"))
    }
    guard let statusCode else {
      if let httpStatus, httpStatus != 200 { return .failed(RPCError(httpStatus: httpStatus)) }
      return .failed(
        isGRPC
          ? RPCError(.internalError, "the server ended the call without a status")
          : RPCError(.unknown, "the server's answer is not gRPC")
      )
    }
    if statusCode == 0 {
      guard assembler.pendingBytes == 0 else {
        return .failed(RPCError(.internalError, "the response ended inside a message"))
      }
      return .finished
    }
    var error = RPCError(
      RPCCode(rawValue: statusCode) ?? .unknown,
      statusMessage,
      metadata: metadata
    )
    error.retryPushback = pushback
    return .failed(error)
  }

  // MARK: Sending

  override func settle(on session: H2Session) {
    guard !isComplete else { return }
    if pipe.isAbandoned {
      giveUp(on: session)
    } else {
      session.resume(self)
    }
  }

  override func expire(on session: H2Session) {
    guard !isComplete else { return }
    pipe.abort(.deadlinePassed)
    giveUp(on: session)
  }

  private func giveUp(on session: H2Session) {
    isComplete = true
    ignoreData()
    session.reset(self, code: H2ErrorCode.cancel)
  }

  override func closed(code: UInt32, error: RPCError?) {
    guard !isComplete else { return }
    isComplete = true
    let error = error ?? RPCError(resetWith: code)
    // Messages that came before are still read.
    pipe.inbound.end(.failed(error))
    pipe.outbound.abort(error)
  }
}
