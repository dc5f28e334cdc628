import RPC
import Synchronization

/// How many handlers a server started, and how many ran at once at most: what hostile clients try to
/// drive up (Tests/Integration/test_attacks.py).
final class HandlerCounts: ServerInterceptor {
  private let started = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  private let highest = Atomic<Int>(0)

  func intercept(
    _ context: ServerContext,
    _ next: (ServerContext) async throws -> Void
  ) async throws {
    started.add(1, ordering: .relaxed)
    highest.max(running.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
    defer { running.subtract(1, ordering: .relaxed) }
    try await next(context)
  }

  var line: String {
    "\(started.load(ordering: .relaxed)) \(highest.load(ordering: .relaxed))"
  }
}
