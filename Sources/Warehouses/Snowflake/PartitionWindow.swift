import HTTPFetch
import Synchronization

/// Partitions that are asked for ahead of their reading: up to four are under way. They are handed out
/// in order.
///
/// A transfer that is not read yet holds at most the client's body buffer; then the server is held up. So
/// 8 MiB are held at most.
final class PartitionWindow: Sendable {
  static let bodyBuffer = 2 << 20
  private static let most = 4

  private let session: SnowflakeSession
  private let handle: String
  private let count: Int
  private struct State {
    var opened: [Int: Task<HTTPResponse, any Error>] = [:]
    var next = 1
    var isClosed = false
  }
  private let state = Mutex(State())

  /// - Parameter count: of the result's partitions; the first has come with the answer.
  init(_ session: SnowflakeSession, handle: String, count: Int) {
    self.session = session
    self.handle = handle
    self.count = count
  }

  deinit { close() }

  /// Asks for partitions ahead of the one that is being read.
  func fill() {
    state.withLock { state in
      guard !state.isClosed else { return }
      while state.next < count, state.opened.count < Self.most - 1 {
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
