import Glibc
import RPC
import Synchronization

/// Calls an idempotent method at a steady rate over all the addresses behind a name, until standard
/// input ends, for Tests/Integration/test_scale_out.py. Prints how many calls ended well and how many
/// did not, once a second and at the end; what was wrong is on standard error.
func spread(host: String, port: Int, tls: TLSConfiguration?) async throws {
  let transport = BalancedTransport(
    targets: [ServerTarget(host: host, port: port)],
    tls: tls,
    logger: logger
  )
  let steady = SteadyCalls(client: HealthClient(RPCClient(transport: transport)))
  await withTaskGroup(of: Void.self) { group in
    group.addTask { await steady.run() }
    group.addTask { await steady.report() }
    for await _ in standardInput() {}
    group.cancelAll()
  }
  say(steady.line, to: STDOUT_FILENO)
  await transport.close()
}

private final class SteadyCalls: Sendable {
  private static let interval = Duration.milliseconds(5)

  private let client: HealthClient
  private let answered = Atomic<Int>(0)
  private let failed = Atomic<Int>(0)

  init(client: HealthClient) { self.client = client }

  /// Begins a call at each interval, whatever became of those before; ends with the last of them.
  func run() async {
    await withDiscardingTaskGroup { group in
      var next = ContinuousClock.now
      while !Task.isCancelled {
        // A task of its own: the end of the run is no reason for a call to fail.
        let call = Task { await self.call() }
        group.addTask { await call.value }
        next = max(next.advanced(by: Self.interval), .now)
        try? await Task.sleep(until: next)
      }
    }
  }

  private func call() async {
    do {
      _ = try await client.check(options: CallOptions(timeout: .seconds(10)))
      answered.add(1, ordering: .relaxed)
    } catch {
      failed.add(1, ordering: .relaxed)
      say("\(error)", to: STDERR_FILENO)
    }
  }

  func report() async {
    while (try? await Task.sleep(for: .seconds(1))) != nil { say(line, to: STDOUT_FILENO) }
  }

  var line: String {
    "\(answered.load(ordering: .relaxed)) \(failed.load(ordering: .relaxed))"
  }
}
