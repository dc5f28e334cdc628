import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

@Suite("Why a row was or was not applied")
struct RowExplainerTests {
  private static let seconds: Int64 = 1_000_000_000

  /// Stands at second 1,000 with an overlap of 100; the warehouse's clock is at 2,000.
  private func explainer(_ change: (inout RowExplainer) -> Void = { _ in }) -> RowExplainer {
    var sync = StoredSync(
      workspace: "default",
      name: "people",
      source: "shop",
      table: "people",
      query: "",
      data: .attributes,
      destination: "profiles",
      schedule: "manual",
      timeZone: "UTC",
      contacts: [],
      updateExistingOnly: false,
      rowLimit: 0
    )
    sync.state = .active
    var explainer = RowExplainer(
      sync: sync,
      position: Timestamp(nanoseconds: 1000 * Self.seconds),
      readFrom: Timestamp(nanoseconds: 900 * Self.seconds),
      warehouseTime: Timestamp(nanoseconds: 2000 * Self.seconds)
    )
    change(&explainer)
    return explainer
  }

  private func row(
    _ second: Int64,
    _ outcome: String,
    known: Bool = false,
    setBy: String = "",
    _ change: (inout RowEvaluation) -> Void = { _ in }
  ) -> RowEvaluation {
    var row = RowEvaluation(
      updatedAt: second * Self.seconds,
      identifier: "external_id=1",
      outcome: outcome,
      known: known,
      setBySync: setBy.isEmpty ? "" : "people",
      setByRun: setBy
    )
    change(&row)
    return row
  }

  private func logged(_ second: Int64) -> RejectedRow {
    RejectedRow(
      runId: "run-7",
      updatedAt: second * Self.seconds,
      identifier: "external_id=1",
      code: "payload_not_object",
      message: "PAYLOAD must be an object."
    )
  }

  private func run(applied: Int64, unchanged: Int64) -> StoredRun {
    var run = StoredRun(
      id: "run-7",
      workspace: "default",
      sync: "people",
      epoch: 1,
      startedAt: Timestamp(nanoseconds: 0)
    )
    run.counts.applied = applied
    run.counts.unchanged = unchanged
    return run
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var second: Int64
    var outcome: String
    var known = false
    var setBy = ""
    var isLogged = false
    var reason: RowExplainer.Reason
    var testDescription: String { "\(second) \(outcome) \(known) \(setBy) -> \(reason)" }
  }

  @Test(
    "position, ledger, log and profile decide together",
    arguments: [
      Case(second: 1500, outcome: "applied", reason: .waiting),
      Case(second: 950, outcome: "applied", reason: .waiting),
      Case(second: 900, outcome: "unchanged", reason: .waiting),
      Case(second: 1500, outcome: "rejected", reason: .waiting),
      Case(second: 899, outcome: "applied", reason: .beforeCursor),
      Case(second: 899, outcome: "unchanged", reason: .beforeCursor),
      Case(second: 500, outcome: "unchanged", setBy: "run-7", reason: .applied),
      Case(second: 950, outcome: "unchanged", known: true, setBy: "run-7", reason: .applied),
      Case(second: 950, outcome: "applied", known: true, setBy: "run-7", reason: .applied),
      Case(second: 950, outcome: "unchanged", known: true, reason: .unchanged),
      Case(second: 950, outcome: "applied", known: true, reason: .alreadyApplied),
      Case(second: 950, outcome: "superseded", known: true, reason: .superseded),
      Case(second: 500, outcome: "superseded", reason: .superseded),
      Case(second: 950, outcome: "skipped", known: true, reason: .skipped),
      Case(second: 500, outcome: "skipped", reason: .skipped),
      Case(second: 500, outcome: "rejected", reason: .rejected),
      Case(second: 950, outcome: "rejected", known: true, isLogged: true, reason: .rejected),
      Case(second: 950, outcome: "applied", known: true, isLogged: true, reason: .rejected),
      Case(second: 500, outcome: "applied", isLogged: true, reason: .rejected),
      // Corrected under the same stamp, inside the overlap: the next run takes it.
      Case(second: 950, outcome: "applied", isLogged: true, reason: .waiting),
    ]
  )
  func reasons(_ it: Case) {
    let explanation = explainer().explain(
      row(it.second, it.outcome, known: it.known, setBy: it.setBy),
      logged: it.isLogged ? logged(it.second) : nil,
      setBy: it.setBy.isEmpty ? nil : run(applied: 3, unchanged: 0)
    )
    #expect(explanation.reason == it.reason)
    #expect(!explanation.message.isEmpty)
    if it.isLogged, it.reason == .rejected {
      #expect(explanation.runID == "run-7" && explanation.code == "payload_not_object")
      #expect(explanation.message.contains("PAYLOAD must be an object"))
    }
  }

  @Test("a run that found everything unchanged has not applied this row")
  func unchanged() {
    let taken = row(950, "unchanged", known: true, setBy: "run-7")
    func reason(_ applied: Int64, _ unchanged: Int64) -> RowExplainer.Explanation {
      explainer().explain(taken, logged: nil, setBy: run(applied: applied, unchanged: unchanged))
    }
    #expect(reason(0, 3).reason == .unchanged)
    #expect(reason(3, 0).reason == .applied)
    // It may have been either: the sentence says so.
    #expect(reason(3, 3).reason == .applied)
    #expect(reason(3, 3).message.contains("or confirmed"))
    #expect(!reason(3, 0).message.contains("or confirmed"))
  }

  @Test("what a deleted sync of this name set is not what this one applied")
  func former() {
    let taken = row(500, "unchanged", setBy: "run-7")
    let explanation = explainer().explain(taken, logged: nil, setBy: nil)
    #expect(explanation.reason == .unchanged)
    #expect(explanation.message.contains("run run-7 of the deleted sync of this name"))
    #expect(explanation.runID.isEmpty)
    // This one began behind its event, and has not added it once more.
    let event = row(500, "applied", setBy: "run-7") { $0.activity = "event e at noon" }
    let behind = explainer().explain(event, logged: nil, setBy: nil)
    #expect(behind.reason == .beforeCursor)
    #expect(behind.message.contains("put it down: event e at noon; this sync has not"))
    // Another sync's run is not looked for here, nor one that is older than the records.
    let other = row(500, "unchanged", setBy: "run-7") { $0.setBySync = "other" }
    #expect(explainer().explain(other, logged: nil, setBy: nil).reason == .applied)
    let old = explainer { $0.recordsSince = Timestamp(nanoseconds: 1) }
    #expect(old.explain(taken, logged: nil, setBy: nil).reason == .applied)
  }

  @Test("who waits is told for what")
  func waiting() {
    func message(_ second: Int64 = 1500, _ change: (inout RowExplainer) -> Void) -> String {
      explainer(change).explain(row(second, "applied"), logged: nil, setBy: nil).message
    }
    #expect(message { _ in }.contains("`sluice sync run people`"))
    #expect(message { $0.sync.state = .draft }.contains("draft"))
    #expect(message { $0.sync.state = .paused }.contains("paused"))
    #expect(message { $0.isRunning = true }.contains("going on"))
    let slot = Timestamp(nanoseconds: 1_704_067_200_000_000_000)
    #expect(message { $0.nextRun = slot }.contains("2024-01-01T00:00:00Z"))
    #expect(message(950) { _ in }.contains("overlap"))
    #expect(message(3000) { _ in }.contains("own clock"))
    // Before the first run there is nothing that a row could be behind of.
    let first = explainer {
      $0.position = nil
      $0.readFrom = nil
    }
    #expect(first.explain(row(1, "applied"), logged: nil, setBy: nil).reason == .waiting)
  }

  @Test("the newer value is named, with its row and its run")
  func superseded() {
    let late = row(500, "superseded") {
      $0.attributes = [
        AttributeDifference(
          name: "plan",
          oldValue: #""gold""#,
          setAt: 600 * Self.seconds,
          setBySync: "other",
          setByRun: "run-9"
        )
      ]
    }
    let message = explainer().explain(late, logged: nil, setBy: nil).message
    #expect(message.contains("attribute plan"))
    #expect(message.contains("run run-9 of sync \"other\""))
    #expect(message.contains("1970-01-01T00:10:00Z"))
  }
}
