import Synchronization

/// How many runs go on at once. The one who waits is woken when a turn is given back.
final class RunTurns: Sendable {
  private let free: Mutex<Int>
  private let given = Wakeup()

  init(_ count: Int) { free = Mutex(max(1, count)) }

  /// For one task, which thereby keeps the order. Returns without a turn when it is cancelled: what
  /// comes then ends at once.
  func take() async {
    while !Task.isCancelled {
      let isTaken = free.withLock { free in
        guard free > 0 else { return false }
        free -= 1
        return true
      }
      if isTaken { return }
      await given.wait()
    }
  }

  func giveBack() {
    free.withLock { $0 += 1 }
    given.signal()
  }
}
