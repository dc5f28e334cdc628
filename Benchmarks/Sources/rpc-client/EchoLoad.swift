import Glibc
import Logging
import RPC
import RPCBench
import Synchronization

/// Calls made again and again, and what they took.
struct EchoLoad {
  var connections: Int
  var streams: Int
  var request: Blob
  var clients: [RPCClient]

  init(port: Int, connections: Int, streams: Int, size: Int, logger: Logger) {
    self.connections = connections
    self.streams = streams
    request = Blob(body: [UInt8](repeating: 0x78, count: size))
    let metrics = CallMetrics()
    // A transport has one connection to each address.
    clients = (0..<connections).map { _ in
      var configuration = BalancedTransport.Configuration()
      configuration.connection.keepalive = .init()
      let transport = BalancedTransport(
        targets: [ServerTarget(host: "127.0.0.1", port: port)],
        tls: nil,
        configuration: configuration,
        logger: logger
      )
      return RPCClient(
        transport: InterceptedTransport(
          InterceptedTransport(
            InterceptedTransport(transport, metrics),
            CallLogging(logger)
          ),
          CallTracing()
        )
      )
    }
  }

  /// - Returns: the line to print.
  func run(
    warmup: Duration,
    measured: Duration,
    on executor: (any TaskExecutor)?
  ) async throws -> String {
    let tally = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for client in clients {
        for _ in 0..<streams {
          group.addTask(executorPreference: executor) { try await call(client, tally) }
        }
      }
      try await Task.sleep(for: warmup)
      tally.phase.store(.measuring, ordering: .relaxed)
      let start = ContinuousClock.now
      let cpu = Self.processorTime()
      try await Task.sleep(for: measured)
      let spent = Self.processorTime() - cpu
      let elapsed = ContinuousClock.now - start
      tally.phase.store(.ending, ordering: .relaxed)
      try await group.waitForAll()
      tally.spent = (elapsed / .seconds(1), spent / .seconds(1))
    }
    return tally.report(connections: connections, streams: streams)
  }

  private func call(_ client: RPCClient, _ tally: Tally) async throws {
    var options = CallOptions(timeout: .seconds(20))
    options.metadata.append("x-workspace", "default")
    var own: [Duration] = []
    while true {
      let start = ContinuousClock.now
      let response = try await client.unary(BenchMethods.echo, request, options: options)
      guard response.body.count == request.body.count else {
        throw RPCError(.internalError, "\(response.body.count) bytes came back")
      }
      switch tally.phase.load(ordering: .relaxed) {
      case .warming: continue
      case .measuring: own.append(ContinuousClock.now - start)
      case .ending:
        tally.add(own)
        return
      }
    }
  }

  private static func processorTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// What the calls of all tasks took together.
final class Tally: Sendable {
  enum Phase: UInt8, AtomicRepresentable { case warming, measuring, ending }

  let phase = Atomic(Phase.warming)
  private let latencies = Mutex<[Duration]>([])
  private let times = Mutex((seconds: 0.0, processor: 0.0))

  /// Seconds of the measured part: by the clock, and of processor time.
  var spent: (seconds: Double, processor: Double) {
    get { times.withLock { $0 } }
    set { times.withLock { $0 = newValue } }
  }

  func add(_ some: [Duration]) { latencies.withLock { $0 += some } }

  func report(connections: Int, streams: Int) -> String {
    let sorted = latencies.withLock { $0.sorted() }
    let (seconds, processor) = spent
    let count = Double(max(1, sorted.count))
    func percentile(_ part: Double) -> Double {
      guard !sorted.isEmpty else { return 0 }
      return sorted[min(sorted.count - 1, Int(part * count))] / .microseconds(1)
    }
    return """
      {"mode": "client", "connections": \(connections), "streams": \(streams), \
      "seconds": \(seconds), "count": \(sorted.count), "rate": \(count / seconds), \
      "p50_us": \(percentile(0.5)), "p99_us": \(percentile(0.99)), \
      "client_cpu_us": \(processor * 1e6 / count), "client_busy": \(processor / seconds), \
      "errors": 0}
      """
  }
}
