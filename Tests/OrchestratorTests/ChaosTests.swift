import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing

@testable import Orchestrator

@Suite("Random histories (invariants I1 to I4, I8, I10)", .timeLimit(.minutes(2)))
struct ChaosTests {
  /// Ten rounds of new rows, late rows and equal rows, each with a run that something may break;
  /// now and then the orchestrator is started anew. Then one quiet run: every row version is
  /// applied, as often as it stands in the table.
  @Test("whatever breaks, every row is applied exactly once", arguments: 1...30)
  func history(_ seed: UInt64) async throws {
    try await House.with { house in
      try await house.activeSync { $0.options = SyncOptions(overlapNs: 20_000_000_000) }
      house.warehouse.script.rowsPerBatch = 7
      var dice = Dice(seed: seed)
      var cursor: Int64?
      for round in 0..<10 {
        addRows(to: house, round: Int64(round), &dice)
        let isRestarted = dice.roll(4) == 0
        let (lost, refused, broken) = (dice.roll(12), dice.roll(9), dice.roll(12))
        let body: (House) async throws -> Void = { house in
          house.line.change {
            if lost < 6 { $0.loseMessage = lost }
            $0.refusedCalls = refused
          }
          if broken < 6 {
            house.warehouse.script.batchFailure = (
              broken, Failure("connection_lost", "it went", recovery: .reconnect)
            )
          }
          let run = try await house.run()
          #expect(run.status == .success || run.status == .error)
          // I8: what a successful run reports adds up.
          if run.status == .success {
            #expect(
              run.rowsRead
                == run.applied + run.unchanged + run.alreadyApplied + run.superseded + run.skipped
                + run.rejected
            )
          }
          house.line.change { $0 = FlakyTransport.Faults() }
          house.warehouse.script.batchFailure = nil
        }
        if isRestarted { try await house.restarted(body) } else { try await body(house) }
        // I4: the position never falls.
        let position = house.writer.sync("purchases").position
        #expect((position ?? .min) >= (cursor ?? .min))
        cursor = position
      }
      // I10: when nothing breaks any more, one run brings everything.
      let last = try await house.run()
      #expect(last.status == .success, "\(last.errorMessage)")
      var expected: [OwnedRow.Key: Int] = [:]
      for row in house.warehouse.script.rows { expected[OwnedRow.Key(row), default: 0] += 1 }
      #expect(house.writer.sync("purchases").ledger == expected)
      let recorded = try await house.cursor()
      #expect(recorded == house.writer.sync("purchases").position)
    }
  }

  /// Ten seconds a round; rows come at whole seconds, up to fifteen seconds late, some twice.
  private func addRows(to house: House, round: Int64, _ dice: inout Dice) {
    let now = round * 10
    house.warehouse.script.now = Timestamp(nanoseconds: stamp(now))
    for _ in 0..<dice.roll(40) {
      let second = now - Int64(dice.roll(15))
      let new = row(second, "u\(dice.roll(3))", "{\"v\":\(dice.roll(2))}")
      house.warehouse.script.rows.append(new)
    }
  }
}

/// The same throws for the same seed (SplitMix64).
private struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func roll(_ sides: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((mixed ^ (mixed >> 31)) % UInt64(sides))
  }
}
