import NIOCore
import Synchronization

/// The connections of one server, and where it listens.
final class ServerConnections: Sendable {
  private enum Listening {
    case notYet([CheckedContinuation<Int, any Error>])
    case on(Int)
    case failed(any Error)
  }

  private struct State {
    var listening = Listening.notYet([])
    var handlers: [ObjectIdentifier: HTTP2Handler] = [:]
    var identities: [ObjectIdentifier: PeerIdentity] = [:]
    var counts: [PeerIdentity: Int] = [:]
    var isStopping = false
  }

  private let state = Mutex(State())
  private let counter = CallCounter()

  // MARK: Listening

  func port() async throws -> Int {
    try await withCheckedThrowingContinuation { waiter in
      let known = state.withLock { state -> Result<Int, any Error>? in
        switch state.listening {
        case .notYet(let waiters):
          state.listening = .notYet(waiters + [waiter])
          return nil
        case .on(let port): return .success(port)
        case .failed(let error): return .failure(error)
        }
      }
      if let known { waiter.resume(with: known) }
    }
  }

  func listening(on port: Int) { settle(.on(port), .success(port)) }
  func failed(_ error: any Error) { settle(.failed(error), .failure(error)) }

  private func settle(_ listening: Listening, _ result: Result<Int, any Error>) {
    let waiters = state.withLock { state in
      defer { state.listening = listening }
      if case .notYet(let waiters) = state.listening { return waiters }
      return []
    }
    for waiter in waiters { waiter.resume(with: result) }
  }

  // MARK: Connections

  /// false when the server is stopping.
  func add(_ handler: HTTP2Handler) -> Bool {
    state.withLock { state in
      guard !state.isStopping else { return false }
      state.handlers[ObjectIdentifier(handler)] = handler
      counter.add(1)
      return true
    }
  }

  /// The handler's peer has shown who it is.
  /// - Returns: false when it has `limit` connections already.
  func admit(_ handler: HTTP2Handler, of peer: PeerIdentity, limit: Int) -> Bool {
    state.withLock { state in
      let id = ObjectIdentifier(handler)
      guard state.handlers[id] != nil else { return false }
      guard state.counts[peer, default: 0] < limit else { return false }
      state.counts[peer, default: 0] += 1
      state.identities[id] = peer
      return true
    }
  }

  func remove(_ handler: HTTP2Handler) {
    let wasKnown = state.withLock { state in
      let id = ObjectIdentifier(handler)
      if let peer = state.identities.removeValue(forKey: id), let count = state.counts[peer] {
        state.counts[peer] = count > 1 ? count - 1 : nil
      }
      return state.handlers.removeValue(forKey: id) != nil
    }
    if wasKnown { counter.add(-1) }
  }

  func drain(grace: TimeAmount) {
    for handler in stop() { handler.drain(grace: grace) }
  }

  func closeAll() {
    for handler in stop() { handler.closeNow(reason: "the server stopped") }
  }

  func waitForNone() async { await counter.waitForNone() }

  private func stop() -> [HTTP2Handler] {
    state.withLock { state in
      state.isStopping = true
      return Array(state.handlers.values)
    }
  }
}
