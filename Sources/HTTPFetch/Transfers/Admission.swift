/// Which transfer may have a connection next: so many a place and so many together, the others in the
/// order they came, places taking turns.
///
/// A transfer has its connection to itself: in libcurl 7.88, one paused stream of HTTP/2 holds up the
/// others of its connection, and the one that is waited for may be among them.
struct Admission<Item> {
  private struct Lane {
    var active = 0
    var waiting: [Item] = []
    var next = 0
  }

  let total: Int
  let perLane: Int
  private var lanes: [String: Lane] = [:]
  /// Lanes with somebody waiting, in turn.
  private var turns: [String] = []
  private(set) var active = 0
  private(set) var waiting = 0

  init(total: Int, perLane: Int) {
    self.total = max(1, total)
    self.perLane = max(1, perLane)
  }

  mutating func add(_ item: Item, lane: String) {
    if lanes[lane, default: Lane()].waiting.isEmpty { turns.append(lane) }
    lanes[lane, default: Lane()].waiting.append(item)
    waiting += 1
  }

  /// Who may start now; nil when nobody waits or all places are taken.
  mutating func admit() -> Item? {
    guard active < total else { return nil }
    for index in turns.indices {
      let name = turns[index]
      guard var lane = lanes[name], lane.active < perLane else { continue }
      let item = lane.waiting[lane.next]
      lane.next += 1
      lane.active += 1
      turns.remove(at: index)
      if lane.next == lane.waiting.count {
        lane.waiting = []
        lane.next = 0
      } else {
        if lane.next > 1024, lane.next * 2 > lane.waiting.count {
          lane.waiting.removeFirst(lane.next)
          lane.next = 0
        }
        turns.append(name)
      }
      lanes[name] = lane
      active += 1
      waiting -= 1
      return item
    }
    return nil
  }

  /// A transfer that was admitted is over.
  mutating func release(lane: String) {
    active -= 1
    lanes[lane]?.active -= 1
    if let left = lanes[lane], left.active == 0, left.waiting.isEmpty { lanes[lane] = nil }
  }

  /// Takes out those that wait and satisfy `condition`.
  mutating func removeWaiting(where condition: (Item) -> Bool) -> [Item] {
    var removed: [Item] = []
    for name in turns {
      guard var lane = lanes[name] else { continue }
      var kept: [Item] = []
      for item in lane.waiting[lane.next...] {
        if condition(item) { removed.append(item) } else { kept.append(item) }
      }
      lane.waiting = kept
      lane.next = 0
      lanes[name] = lane.active == 0 && kept.isEmpty ? nil : lane
    }
    turns.removeAll { lanes[$0]?.waiting.isEmpty ?? true }
    waiting -= removed.count
    return removed
  }

  /// Everybody who waits, without taking them out.
  func forEachWaiting(_ body: (Item) -> Void) {
    for name in turns {
      guard let lane = lanes[name] else { continue }
      for item in lane.waiting[lane.next...] { body(item) }
    }
  }
}
