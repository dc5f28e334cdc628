import Synchronization

/// Counts the handlers of one connection, also those whose stream was reset: a peer that resets
/// its calls must not have more of them run than its streams allow (CVE-2023-44487).
final class RunningCalls: Sendable {
  private let limit: Int
  private let count = Atomic<Int>(0)
  private let all: CallCounter

  init(limit: Int, all: CallCounter) {
    self.limit = limit
    self.all = all
  }

  /// false when the limit is reached.
  func begin() -> Bool {
    guard count.add(1, ordering: .relaxed).newValue <= limit else {
      count.subtract(1, ordering: .relaxed)
      return false
    }
    all.add(1)
    return true
  }

  func end() {
    count.subtract(1, ordering: .relaxed)
    all.add(-1)
  }
}

/// How many handlers of a server run; a stop waits for none.
final class CallCounter: Sendable {
  private struct State {
    var count = 0
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  func add(_ change: Int) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.count += change
      guard state.count == 0, !state.waiters.isEmpty else { return [] }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Suspends until the count is 0.
  func waitForNone() async {
    await withCheckedContinuation { waiter in
      let isNone = state.withLock { state in
        if state.count > 0 { state.waiters.append(waiter) }
        return state.count == 0
      }
      if isNone { waiter.resume() }
    }
  }
}
