import Synchronization

/// The connections for reading: lent to one reader each, in the order in which they asked.
///
/// The queue is as long as there are callers that wait.
final class PostgreSQLLanePool: Sendable {
  private typealias Waiter = (
    number: Int, continuation: CheckedContinuation<PostgreSQLLane, any Error>
  )
  private struct State {
    var idle: [PostgreSQLLane]
    var waiting: [Waiter] = []
    var lastNumber = 0
    /// Waiters that were cancelled before they began to wait.
    var cancelled: Set<Int> = []
    var isClosed = false
  }
  private let state: Mutex<State>
  private let count: Int

  init(_ lanes: [PostgreSQLLane]) {
    state = Mutex(State(idle: lanes))
    count = lanes.count
  }

  /// Runs `body` with a lane of its own.
  func withLane<T>(_ body: (PostgreSQLLane) async throws -> T) async throws -> T {
    let isClosed = state.withLock { $0.isClosed }
    guard !isClosed else { throw SQLError.closed }
    let lane = try await take()
    defer { give(lane) }
    return try await body(lane)
  }

  /// Waits for the readers and closes. Later calls throw.
  func close() async {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    for _ in 0..<count {
      // Not to be given up: the process is about to end, and the connections with it.
      guard let lane = try? await take(isCancellable: false) else { return }
      await lane.close()
    }
  }

  private func take(isCancellable: Bool = true) async throws -> PostgreSQLLane {
    let number = state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    // A cancellation that came after the lane.
    defer { state.withLock { _ = $0.cancelled.remove(number) } }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result: Result<PostgreSQLLane, any Error>? = state.withLock { state in
          if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
          if let lane = state.idle.popLast() { return .success(lane) }
          state.waiting.append((number, continuation))
          return nil
        }
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      if isCancellable { cancel(number) }
    }
  }

  private func cancel(_ number: Int) {
    let waiter: Waiter? = state.withLock { state in
      guard let index = state.waiting.firstIndex(where: { $0.number == number }) else {
        state.cancelled.insert(number)
        return nil
      }
      return state.waiting.remove(at: index)
    }
    waiter?.continuation.resume(throwing: CancellationError())
  }

  private func give(_ lane: PostgreSQLLane) {
    let waiter: Waiter? = state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.idle.append(lane)
        return nil
      }
      return state.waiting.removeFirst()
    }
    waiter?.continuation.resume(returning: lane)
  }
}
