import Synchronization

/// Counts calls and their latencies by method and status code; other code reads `snapshot`.
public final class CallMetrics: ServerInterceptor, ClientInterceptor {
  /// What is known of one method.
  public struct Method: Sendable, Equatable {
    public var path: String
    public var started = 0
    /// Calls that have ended, by the number of their code.
    private var ended = [Int](repeating: 0, count: RPCCode.allCases.count)
    /// By code; those that have ended.
    public var handled: [RPCCode: Int] {
      let counts = RPCCode.allCases.map { ($0, ended[$0.rawValue]) }
      return Dictionary(uniqueKeysWithValues: counts.filter { $0.1 > 0 })
    }
    /// Calls that took at most `CallMetrics.bounds[i]`, and longer than the bound before; one more
    /// entry than there are bounds.
    public var latencies: [Int]
    /// Of all calls that have ended.
    public var total = Duration.zero

    fileprivate mutating func count(_ code: RPCCode) { ended[code.rawValue] += 1 }

    init(path: String) {
      self.path = path
      latencies = [Int](repeating: 0, count: CallMetrics.bounds.count + 1)
    }
  }

  /// Upper bounds of the latency classes.
  public static let bounds: [Duration] = [
    .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
    .microseconds(2500), .milliseconds(5), .milliseconds(10), .milliseconds(25),
    .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
    .milliseconds(2500), .seconds(5), .seconds(10),
  ]
  /// Further paths are counted as one: a caller must not fill the memory with names.
  private static let maximumMethods = 1000
  private static let otherPath = "other"

  private let recorders = Mutex<[String: MethodRecorder]>([:])

  public init() {}

  /// Every method that was registered or called, by path.
  public var snapshot: [Method] {
    recorders.withLock { Array($0.values) }.map(\.value).sorted { $0.path < $1.path }
  }

  public func prepared(forPath path: String) -> any ServerInterceptor { recorder(path) }

  private func recorder(_ path: String) -> MethodRecorder {
    recorders.withLock { recorders in
      if let known = recorders[path] { return known }
      let name = recorders.count < Self.maximumMethods ? path : Self.otherPath
      if let known = recorders[name] { return known }
      let recorder = MethodRecorder(path: name)
      recorders[name] = recorder
      return recorder
    }
  }

  public func callBegins(_ context: inout ServerContext) throws(RPCError) {
    try recorder(context.path).callBegins(&context)
  }

  public func callEnded(_ context: ServerContext, _ code: RPCCode, after duration: Duration) {
    recorder(context.path).callEnded(context, code, after: duration)
  }

  public func intercept<Result: Sendable>(
    _ path: String,
    _ options: CallOptions,
    _ next: (CallOptions) async throws -> Result
  ) async throws -> Result {
    try await recorder(path).measure { try await next(options) }
  }
}

/// The figures of one method.
private final class MethodRecorder: ServerInterceptor {
  private let state: Mutex<CallMetrics.Method>

  init(path: String) { state = Mutex(CallMetrics.Method(path: path)) }

  var value: CallMetrics.Method { state.withLock { $0 } }

  func callBegins(_ context: inout ServerContext) throws(RPCError) {
    state.withLock { $0.started += 1 }
  }

  func callEnded(_ context: ServerContext, _ code: RPCCode, after duration: Duration) {
    ended(code, duration)
  }

  func measure<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
    state.withLock { $0.started += 1 }
    let start = ContinuousClock.now
    do {
      let result = try await body()
      ended(.ok, ContinuousClock.now - start)
      return result
    } catch {
      ended(RPCError(answering: error).code, ContinuousClock.now - start)
      throw error
    }
  }

  private func ended(_ code: RPCCode, _ latency: Duration) {
    let index = CallMetrics.bounds.firstIndex { latency <= $0 } ?? CallMetrics.bounds.count
    state.withLock { state in
      state.count(code)
      state.latencies[index] += 1
      state.total += latency
    }
  }
}
