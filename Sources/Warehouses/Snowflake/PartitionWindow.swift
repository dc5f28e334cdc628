import HTTPFetch
import Synchronization

/// Partitions that are asked for ahead of their reading: up to four, as long as what they may hold
/// in memory stays within a budget. They are handed out in order.
///
/// A transfer that is not read yet holds at most the client's body buffer; then the server is held up.
final class PartitionWindow: Sendable {
  /// What the bodies of all partitions under way may hold, in bytes.
  static let budget = 8 << 20
  static let bodyBuffer = 2 << 20
  private static let most = 4

  private let session: SnowflakeSession
  private let handle: String
  private let sizes: [Int]
  private struct State {
    var opened: [Int: Task<HTTPResponse, any Error>] = [:]
    var next = 1
    var isClosed = false
  }
  private let state = Mutex(State())

  /// - Parameter sizes: what the server announced of each partition, in bytes.
  init(_ session: SnowflakeSession, handle: String, sizes: [Int]) {
    self.session = session
    self.handle = handle
    self.sizes = sizes
  }

  deinit { close() }

  /// Asks for partitions ahead of number `current`, which is being read.
  func fill(after current: Int) {
    state.withLock { state in
      guard !state.isClosed else { return }
      var held = min(sizes.indices.contains(current) ? sizes[current] : 0, Self.bodyBuffer)
      for number in state.opened.keys { held += min(sizes[number], Self.bodyBuffer) }
      while state.next < sizes.count, state.opened.count < Self.most - 1 {
        let more = min(sizes[state.next], Self.bodyBuffer)
        guard state.opened.isEmpty || held + more <= Self.budget else { return }
        held += more
        open(state.next, &state)
        state.next += 1
      }
    }
  }

  /// The answer of a partition that `fill` may have asked for.
  func take(_ number: Int) async throws -> HTTPResponse {
    let task = state.withLock { state in
      if state.opened[number] == nil, !state.isClosed {
        open(number, &state)
        state.next = max(state.next, number + 1)
      }
      return state.opened.removeValue(forKey: number)
    }
    guard let task else { throw FetchError(.closed, "the connection was closed") }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  func close() {
    let tasks = state.withLock { state in
      state.isClosed = true
      defer { state.opened = [:] }
      return state.opened.values.map { $0 }
    }
    for task in tasks { task.cancel() }
  }

  /// A task of its own, as it outlives the call that asked for it; `close` and `take` end it.
  private func open(_ number: Int, _ state: inout State) {
    state.opened[number] = Task { [session, handle] in
      try await session.openPartition(handle, number)
    }
  }
}
