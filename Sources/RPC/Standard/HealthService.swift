import Synchronization

/// Answers `grpc.health.v1.Health`, so that any load balancer or orchestrator can ask.
///
/// Register it beside the services; when the server begins to stop, everything turns NOT_SERVING
/// and the watches end.
public final class HealthService: RPCService {
  private struct State {
    var statuses: [String: ServingStatus]
    var watches: [UInt64: (service: String, changes: AsyncStream<ServingStatus>.Continuation)] = [:]
    var lastWatch: UInt64 = 0
    var isStopped = false
  }

  private let state: Mutex<State>

  /// - Parameter status: of the server as a whole (the empty service name).
  public init(_ status: ServingStatus = .serving) {
    state = Mutex(State(statuses: ["": status]))
  }

  /// Takes effect for checks at once and reaches every watch of that service; ignored after `stop`.
  public func set(_ status: ServingStatus, service: String) {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.statuses[service] = status
      for watch in state.watches.values where watch.service == service {
        watch.changes.yield(status)
      }
    }
  }

  /// Turns everything NOT_SERVING for good, and ends the watches after they have said so.
  public func stop() {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.isStopped = true
      for service in state.statuses.keys { state.statuses[service] = .notServing }
      for watch in state.watches.values {
        watch.changes.yield(.notServing)
        watch.changes.finish()
      }
      state.watches = [:]
    }
  }

  /// nil when nobody has set that service's status.
  public func status(of service: String) -> ServingStatus? {
    state.withLock { $0.statuses[service] }
  }

  public var protoFiles: [ProtoFile] { [HealthProto.file] }

  public func register(with router: inout RPCRouter) {
    router.onGracefulStop { self.stop() }
    router.allowEveryRole(toCall: HealthMethods.check)
    router.allowEveryRole(toCall: HealthMethods.watch)
    router.unary(HealthMethods.check) { request, _ in
      guard let status = self.status(of: request.service) else {
        throw RPCError(.notFound, "no service of that name is registered for health checks")
      }
      return HealthCheckResponse(status: status)
    }
    router.serverStreaming(HealthMethods.watch) { request, responses, _ in
      let (id, changes) = self.watch(request.service)
      defer { self.state.withLock { _ = $0.watches.removeValue(forKey: id) } }
      for await status in changes {
        try await responses.write(HealthCheckResponse(status: status))
      }
      if self.state.withLock({ $0.isStopped }) {
        throw RPCError(.unavailable, "the server is stopping")
      }
    }
  }

  private func watch(_ service: String) -> (id: UInt64, changes: AsyncStream<ServingStatus>) {
    // A slow watcher needs the newest status only.
    let (stream, changes) = AsyncStream.makeStream(
      of: ServingStatus.self,
      bufferingPolicy: .bufferingNewest(1)
    )
    let id = state.withLock { state in
      state.lastWatch &+= 1
      changes.yield(state.statuses[service] ?? .serviceUnknown)
      if state.isStopped {
        changes.finish()
      } else {
        state.watches[state.lastWatch] = (service, changes)
      }
      return state.lastWatch
    }
    return (id, stream)
  }
}
