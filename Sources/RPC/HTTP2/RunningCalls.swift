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

/// How many of something there are; a stop waits for none.
final class CallCounter: Sendable {
  private let count = Atomic<Int>(0)
  private let isAwaited = Atomic<Bool>(false)
  private let waiters = Mutex<[CheckedContinuation<Void, Never>]>([])

  func add(_ change: Int) {
    let value = count.add(change, ordering: .sequentiallyConsistent).newValue
    if value == 0, isAwaited.load(ordering: .sequentiallyConsistent) { release() }
  }

  /// Suspends until the count is 0.
  func waitForNone() async {
    await withCheckedContinuation { waiter in
      waiters.withLock { $0.append(waiter) }
      isAwaited.store(true, ordering: .sequentiallyConsistent)
      // The last one may have gone before it could see that somebody waits.
      if count.load(ordering: .sequentiallyConsistent) == 0 { release() }
    }
  }

  private func release() {
    let released = waiters.withLock { waiters in
      defer { waiters = [] }
      return waiters
    }
    for waiter in released { waiter.resume() }
  }
}
