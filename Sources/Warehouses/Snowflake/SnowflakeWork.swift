import HTTPFetch
import Synchronization

/// What a session has under way at the server, so that nothing is left running there when it closes.
final class SnowflakeWork: Sendable {
  /// What was under way when it was closed.
  struct Left: Sendable {
    /// Handles of statements that the server may still be working at.
    var running: Set<String> = []
    /// Statements that were sent and whose handle is not known, by the id of their request.
    var unanswered: [String: SnowflakeStatement] = [:]
  }

  private struct State {
    var left = Left()
    var isClosed = false
  }
  private let state = Mutex(State())

  var isClosed: Bool { state.withLock { $0.isClosed } }

  static let closed = FetchError(.closed, "the connection was closed")

  /// A statement is about to be sent.
  /// - Throws: `FetchError` `closed`.
  func begin(_ requestID: String, _ statement: SnowflakeStatement) throws(FetchError) {
    let isClosed = state.withLock { state in
      if !state.isClosed { state.left.unanswered[requestID] = statement }
      return state.isClosed
    }
    if isClosed { throw Self.closed }
  }

  /// The server has named it.
  func know(_ handle: String, of requestID: String) {
    state.withLock { state in
      state.left.unanswered[requestID] = nil
      state.left.running.insert(handle)
    }
  }

  /// It is over, or was never begun.
  func forget(_ requestID: String) {
    state.withLock { $0.left.unanswered[requestID] = nil }
  }

  func end(_ handle: String) { state.withLock { _ = $0.left.running.remove(handle) } }

  /// Nothing begins any more.
  func close() -> Left {
    state.withLock { state in
      state.isClosed = true
      defer { state.left = Left() }
      return state.left
    }
  }
}
