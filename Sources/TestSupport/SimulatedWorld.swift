public import SyncModel
import Synchronization

/// A world whose clock stands until it is moved, and whose ids count up: two runs of a test see the
/// same values.
///
/// Services take `simulated.world`; the test keeps the object and moves time.
public final class SimulatedWorld: Sendable {
  /// 2024-01-01T00:00:00Z.
  public static let start = Timestamp(nanoseconds: 1_704_067_200_000_000_000)

  private struct State {
    var now: Timestamp
    var ids: UInt64 = 0
  }

  private let state: Mutex<State>

  public init(now: Timestamp = SimulatedWorld.start) {
    state = Mutex(State(now: now))
  }

  /// What a service is given.
  public var world: World {
    World(now: { self.now }, newID: { self.newID() })
  }

  public var now: Timestamp {
    get { state.withLock { $0.now } }
    set { state.withLock { $0.now = newValue } }
  }

  public func advance(seconds: Int64) {
    advance(nanoseconds: seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue)
  }

  public func advance(nanoseconds: Int64) {
    state.withLock { $0.now = $0.now.advanced(byNanoseconds: nanoseconds) }
  }

  /// The next id: `00000000-0000-4000-8000-000000000001` and so on, UUIDs of version 4 in shape.
  public func newID() -> String {
    let count = state.withLock { state in
      state.ids += 1
      return state.ids
    }
    let digits = String(count, radix: 16)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: max(0, 12 - digits.count))
      + digits
  }
}

extension World {
  /// A world of its own for a test that never moves time.
  public static func simulated() -> World { SimulatedWorld().world }
}
