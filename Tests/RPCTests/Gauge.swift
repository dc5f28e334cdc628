import Synchronization

/// A number that grows and can be waited for, so that no test sleeps.
final class Gauge: Sendable {
  private struct State {
    var value = 0
    var lastWaiter = 0
    var waiters: [Int: (target: Int, continuation: CheckedContinuation<Void, any Error>)] = [:]
  }

  private let state = Mutex(State())

  var value: Int { state.withLock { $0.value } }

  func add(_ count: Int = 1) {
    let ready = state.withLock { state in
      state.value += count
      let ready = state.waiters.filter { $0.value.target <= state.value }
      for key in ready.keys { state.waiters[key] = nil }
      return ready.values.map(\.continuation)
    }
    for continuation in ready { continuation.resume() }
  }

  /// Suspends until the value is at least `target`.
  func reach(_ target: Int) async throws {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result = state.withLock { state -> Result<Void, any Error>? in
          if state.value >= target { return .success(()) }
          if Task.isCancelled { return .failure(CancellationError()) }
          state.waiters[id] = (target, continuation)
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation
        .resume(throwing: CancellationError())
    }
  }
}
