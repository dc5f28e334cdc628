/// Outgoing HTTP over libcurl: TLS 1.2 or newer with the peer's certificate checked, no redirects, no
/// cookies, no credentials but the request's own headers, addresses by policy.
///
/// Share one: it keeps connections. Its thread ends when it and the bodies it gave are let go of.
public final class HTTPClient: Sendable {
  public let configuration: HTTPClientConfiguration
  private let thread: CurlThread

  /// - Throws: `FetchError` `unavailable` when the system has no thread, memory or descriptors left.
  public init(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration())
    throws(FetchError)
  {
    self.configuration = configuration
    thread = try CurlThread(
      total: configuration.maximumConnections,
      perLane: configuration.maximumConnectionsPerHost,
      maximumWaiting: configuration.maximumWaiting
    )
  }

  /// Sends a request and waits for the head of its answer; any status is one.
  ///
  /// It is sent once, or again by libcurl when a kept connection turns out to be closed before the
  /// request left. Cancelling the task ends the transfer at once.
  /// - Throws: `FetchError`, which says in `mayHaveArrived` whether the peer may have got it;
  ///   `CancellationError`.
  public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    if let reason = configuration.policy.refusal(of: request.url) {
      throw FetchError(.notAllowed, reason)
    }
    if request.body != nil, request.method == .get || request.method == .head {
      throw FetchError(.invalidRequest, "\(request.method.rawValue) has no body")
    }
    let transfer = HTTPTransfer(request, configuration)
    return try await withTaskCancellationHandler {
      let head = try await transfer.response(on: thread)
      return HTTPResponse(
        status: head.status,
        version: head.version,
        headers: head.headers,
        body: HTTPBody(pipe: transfer.pipe, transfer: transfer, thread: thread)
      )
    } onCancel: {
      transfer.cancel(on: thread)
    }
  }

  /// Ends all transfers with `closed`; later ones fail so too.
  public func shutDown() { thread.stop() }
}
