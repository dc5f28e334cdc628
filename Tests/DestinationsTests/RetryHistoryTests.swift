import Destination
import Destinations
import SyncModel
import TestSupport
import Testing

/// Random lives of a sync of events: rows that come late or twice, runs that end in the middle, limits
/// that change, retries in between. At the end each row of the source is one event.
@Suite("Random histories with retries")
struct RetryHistoryTests {
  @Test("each row is applied once, whoever applies it", arguments: 1...60)
  func histories(_ seed: Int) async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .strings(3), rowLog: log) { harness in
      var dice = Xorshift(UInt64(seed))
      let sync = harness.sync("sync", .events, overlap: 6)
      var source: [OwnedRow] = []
      var newest: Int64 = 10
      for _ in 0..<30 {
        switch dice.below(7) {
        case 0, 1:
          for _ in 0...dice.below(6) {
            // As late as the overlap allows, or new; two ids and two names, so that many are equal.
            let stamp = newest - 6 + Int64(dice.below(10))
            newest = max(newest, stamp)
            let (id, name) = ("\(dice.below(2))", dice.below(2) == 0 ? "e" : "f")
            source.append(
              dice.below(3) == 0
                ? OwnedRow(updatedAt: stamp, externalID: id, payload: #"{"name":"\#(name)"}"#)
                : longEvent(stamp, id, name: name)
            )
          }
        case 2, 3:
          try await run(sync, over: source, &dice, toTheEnd: dice.below(3) > 0)
        case 4:
          let run = dice.below(2) == 0 ? nil : "run-\(dice.below(Int(sync.epoch) + 1))"
          _ = try await harness.retry(run: run)
        default:
          try await harness.reopen(policy: .strings(3 + dice.below(2)), rowLog: log)
        }
        #expect(try await harness.counts().events <= Int64(source.count))
      }
      try await harness.reopen(policy: .strings(4), rowLog: log)
      try await run(sync, over: source, &dice, toTheEnd: true)
      #expect(try await harness.retry().outcomes.rejected == 0)
      #expect(try await harness.counts().events == Int64(source.count))
      #expect(try await harness.log(open: true).isEmpty)
      #expect(try await harness.retry() == RetriedRowCounts())
      try await run(sync, over: source, &dice, toTheEnd: true)
      #expect(try await harness.counts().events == Int64(source.count))
    }
  }

  private func run(
    _ sync: SyncPlayer,
    over source: [OwnedRow],
    _ dice: inout Xorshift,
    toTheEnd: Bool
  ) async throws {
    let position = try await sync.begin()
    var rows = source.filter { row in position.readFrom.map { row.updatedAt >= $0 } ?? true }
    rows.sort { $0.updatedAt < $1.updatedAt }
    while !rows.isEmpty, toTheEnd || dice.below(4) > 0 {
      let count = min(rows.count, 1 + dice.below(4))
      try await sync.send(Array(rows.prefix(count)))
      rows.removeFirst(count)
    }
  }
}
