import Logging
import RPC
import Synchronization
import Testing

@Suite("Interceptors see calls, never messages")
struct InterceptorTests {
  private func transport(
    _ interceptors: [any ServerInterceptor],
    _ service: any RPCService = EchoService(),
    peer: PeerIdentity? = PeerIdentity(role: "orchestrator", instance: "test")
  ) -> InProcessTransport {
    var router = RPCRouter([service])
    for interceptor in interceptors { router = router.intercepted(by: interceptor) }
    return InProcessTransport(router: router, peer: peer)
  }

  // MARK: Authorisation

  /// `echo` for orchestrators, `fail` for operators, the rest for nobody.
  private func restricted(
    _ interceptors: [any ServerInterceptor] = [],
    peer: PeerIdentity? = PeerIdentity(role: "orchestrator", instance: "test")
  ) -> RPCClient {
    var table = RoleTable()
    table.allow("orchestrator", toCall: EchoService.echo)
    table.allow("operator", toCall: EchoService.fail)
    var router = RPCRouter([EchoService()])
    router.restrict(to: table)
    for interceptor in interceptors { router = router.intercepted(by: interceptor) }
    return RPCClient(transport: InProcessTransport(router: router, peer: peer))
  }

  @Test("a method is for the roles of its table, and for nobody without one")
  func authorisation() async throws {
    let client = restricted()
    #expect(try await client.unary(EchoService.echo, Note("a")).text == "a")
    for method in [EchoService.fail, EchoService.whoAmI] {
      let error = await #expect(throws: RPCError.self) { try await client.unary(method, Note()) }
      #expect(error?.code == .permissionDenied)
    }
    let nobody = restricted(peer: nil)
    let error = await #expect(throws: RPCError.self) {
      try await nobody.unary(EchoService.echo, Note())
    }
    #expect(error?.code == .unauthenticated)
  }

  @Test("a refused call is logged and counted as any other")
  func refusals() async throws {
    let metrics = CallMetrics()
    let lines = LogLines()
    let logger = Logger(label: "test") { _ in LineHandler(lines: lines) }
    let client = restricted([metrics, CallLogging(logger)])
    _ = try? await client.unary(EchoService.fail, Note())
    let fail = metrics.snapshot.first { $0.path == EchoService.fail.path }
    #expect(fail?.handled == [.permissionDenied: 1])
    #expect(lines.all.count == 1 && lines.all[0].contains("PERMISSION_DENIED"))
  }

  // MARK: Metrics

  @Test("calls are counted by method and code, on both sides")
  func metrics() async throws {
    let server = CallMetrics()
    let client = CallMetrics()
    let calls = RPCClient(transport: InterceptedTransport(transport([server]), client))
    for _ in 0..<3 { _ = try await calls.unary(EchoService.echo, Note()) }
    _ = try? await calls.unary(EchoService.fail, Note("", number: 5))
    for metrics in [server, client] {
      let echo = metrics.snapshot.first { $0.path == EchoService.echo.path }
      #expect(echo?.started == 3)
      #expect(echo?.handled == [.ok: 3])
      #expect(echo?.latencies.reduce(0, +) == 3)
      let fail = metrics.snapshot.first { $0.path == EchoService.fail.path }
      #expect(fail?.handled == [.notFound: 1])
    }
  }

  // MARK: Tracing

  @Test("a handler goes on with its caller's trace, and its own calls do too")
  func tracing() async throws {
    let inner = RPCClient(
      transport: InterceptedTransport(transport([CallTracing()]), CallTracing())
    )
    let relay = transport([CallTracing()], RelayService(to: inner))
    var options = CallOptions()
    let given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    options.metadata.set("traceparent", given)
    let seen = try await RPCClient(transport: relay)
      .unary(EchoService.whoAmI, Note(), options: options).text
    let line = try #require(
      seen.split(separator: "\n").first { $0.hasPrefix("traceparent=") }?.dropFirst(12)
    )
    let trace = try #require(TraceContext(traceparent: String(line)))
    #expect(trace.traceID == TraceContext(traceparent: given)?.traceID)
    #expect(trace.spanID != TraceContext(traceparent: given)?.spanID)
    // Without a caller's, one begins.
    let own = try await RPCClient(transport: relay).unary(EchoService.whoAmI, Note()).text
    #expect(own.contains("traceparent=00-"))
  }

  @Test(
    "traceparent is read strictly (W3C Trace Context, 3.2)",
    arguments: [
      ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true),
      ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true),
      ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
      ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.", false),
      ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
      ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
      ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
      ("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
      ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false), ("", false),
      ("00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01", false),
    ]
  )
  func traceparent(_ text: String, _ isValid: Bool) {
    let trace = TraceContext(traceparent: text)
    #expect((trace != nil) == isValid)
    if isValid, text.hasPrefix("00"), let trace { #expect(trace.traceparent == text) }
  }

  // MARK: Logging

  @Test("a log line names the call and its end, and nothing of its messages")
  func logging() async throws {
    let lines = LogLines()
    let logger = Logger(label: "test") { _ in LineHandler(lines: lines) }
    let client = RPCClient(
      transport: InterceptedTransport(transport([CallLogging(logger)]), CallLogging(logger))
    )
    _ = try? await client.unary(EchoService.fail, Note("hunter2", number: 13))
    let text = lines.all.joined(separator: "\n")
    #expect(lines.all.count == 2)
    #expect(text.contains(EchoService.fail.path))
    #expect(text.contains("INTERNAL"))
    #expect(!text.contains("hunter2"))
  }

  // MARK: Deadlines

  @Test("a handler's own calls end with its deadline", arguments: Carrier.allCases)
  func deadlineShrinks(_ carrier: Carrier) async throws {
    let inner = EchoService()
    let relay = RelayService(to: RPCClient(transport: transport([], inner)))
    try await withClient(over: carrier, [relay]) { client in
      let seen = try await client.unary(
        EchoService.whoAmI,
        Note(),
        options: CallOptions(timeout: .seconds(60))
      )
      #expect(seen.number == 1, "the inner call has a deadline, though nobody gave it one")
      let free = try await client.unary(EchoService.whoAmI, Note())
      #expect(free.number == 0)
      let late = await #expect(throws: RPCError.self) {
        try await client.unary(
          EchoService.hang,
          Note(),
          options: CallOptions(timeout: .milliseconds(50))
        )
      }
      #expect(late?.code == .deadlineExceeded)
      try await inner.cancelled.reach(inner.running.value)
    }
  }
}

/// Answers by asking another service.
private struct RelayService: RPCService {
  let client: RPCClient

  init(to client: RPCClient) { self.client = client }

  func register(with router: inout RPCRouter) {
    for method in [EchoService.whoAmI, EchoService.hang] {
      router.unary(method) { request, _ in try await client.unary(method, request) }
    }
  }
}

private final class LogLines: Sendable {
  private let state = Mutex<[String]>([])
  var all: [String] { state.withLock { $0 } }
  func append(_ line: String) { state.withLock { $0.append(line) } }
}

private struct LineHandler: LogHandler {
  let lines: LogLines
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  var logLevel = Logger.Level.trace

  init(lines: LogLines) { self.lines = lines }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    lines.append("\(event.level) \(event.message) \(event.metadata ?? [:])")
  }
}
