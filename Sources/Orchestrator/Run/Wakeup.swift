import Synchronization

/// Wakes the one task that waits for something to change. A signal that comes before the wait is
/// kept, so that none is lost between looking and waiting.
final class Wakeup: Sendable {
  private enum State {
    case idle
    case signalled
    case waiting(CheckedContinuation<Void, Never>)
  }

  private let state = Mutex(State.idle)

  func signal() {
    let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
      guard case .waiting(let waiter) = state else {
        state = .signalled
        return nil
      }
      state = .idle
      return waiter
    }
    waiter?.resume()
  }

  /// Returns after a signal, or when the task is cancelled. For one task at a time.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          switch state {
          case .signalled:
            state = .idle
            return true
          case .idle where !Task.isCancelled:
            state = .waiting(continuation)
            return false
          // A second waiter would be a mistake of ours; waking it makes it look again.
          case .idle, .waiting: return true
          }
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      signal()
    }
  }
}

/// Returns when the task is cancelled.
func untilCancelled() async {
  while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
}

/// Runs `body` to its end although the caller's task is, or will be, cancelled.
///
/// For short writes that must not be half done: how a run ended has to be recorded exactly when its
/// task is cancelled, and only a task of its own does not inherit that.
func shielded<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
  try await Task { try await body() }.value
}
