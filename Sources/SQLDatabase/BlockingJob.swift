import Synchronization

/// A job that was started on a `BlockingThread`: what it will return, to be awaited once.
public final class BlockingJob<T: Sendable>: Sendable {
  private enum State {
    case running
    case awaited(CheckedContinuation<T, any Error>)
    case finished(Result<T, any Error>)
    case taken
  }
  private let state = Mutex(State.running)

  /// The job's result. To be asked for once, by one task.
  ///
  /// Cancellation does not end the wait by itself; whoever started the job calls `abandon`, or
  /// makes the job's body end.
  public var value: T {
    get async throws {
      try await withCheckedThrowingContinuation { continuation in
        let result: Result<T, any Error>? = state.withLock { state in
          switch state {
          case .running:
            state = .awaited(continuation)
            return nil
          case .finished(let result):
            state = .taken
            return result
          case .awaited, .taken:
            return .failure(
              SQLError(.other, "a job's value was asked for twice", nativeCode: "misuse")
            )
          }
        }
        if let result { continuation.resume(with: result) }
      }
    }
  }

  /// Ends the wait with `error`, unless the job is done. The body runs on; what it returns is
  /// dropped on its thread.
  public func abandon(_ error: any Error) { finish(.failure(error)) }

  func finish(_ result: Result<T, any Error>) {
    let waiting: CheckedContinuation<T, any Error>? = state.withLock { state in
      switch state {
      case .running:
        state = .finished(result)
        return nil
      case .awaited(let continuation):
        state = .taken
        return continuation
      case .finished, .taken:
        return nil
      }
    }
    waiting?.resume(with: result)
  }
}
