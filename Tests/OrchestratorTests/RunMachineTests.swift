import SyncModel
import Testing

@testable import Orchestrator

@Suite("A run's verdict (decision 6, R20, R125, R126)")
struct RunMachineTests {
  private static let end = Timestamp(nanoseconds: 99)

  private func machine(
    read: Int,
    applied: Int64 = 0,
    rejected: Int64 = 0,
    skipped: Int64 = 0,
    reported: Int64? = nil,
    limit: Int64 = 1000
  ) -> RunMachine {
    var machine = RunMachine(
      StoredRun(
        id: "r",
        workspace: "default",
        sync: "s",
        epoch: 1,
        startedAt: Timestamp(nanoseconds: 1)
      ),
      limits: RunLimits(rowLimit: limit)
    )
    let isWithinLimit = machine.read(rows: read, bytes: read * 100) == nil
    #expect(isWithinLimit)
    machine.reported(rows: reported)
    var tally = BatchTally(position: Timestamp(nanoseconds: 7))
    tally.counts.applied = applied
    tally.counts.rejected = rejected
    tally.counts.skipped = skipped
    _ = machine.receipted(tally)
    return machine
  }

  @Test("R125: every row accounted for and none rejected is a success")
  func success() {
    var machine = machine(read: 3, applied: 2, skipped: 1, reported: 3)
    machine.end(.completed, at: Self.end)
    #expect(machine.run.status == .success)
    #expect(machine.run.errorCode == "")
    #expect(machine.run.finishedAt == Self.end)
    #expect(machine.run.phase == .finished)
    #expect(machine.run.cursor == Timestamp(nanoseconds: 7))
    #expect(machine.run.bytesRead == 300)
  }

  @Test("R125: no row at all is a success")
  func nothing() {
    #expect(machine(read: 0).verdict(.completed) == RunVerdict(status: .success))
  }

  @Test("R125: some rows rejected is partial")
  func partial() {
    #expect(machine(read: 3, applied: 2, rejected: 1).verdict(.completed).status == .partial)
  }

  @Test("R126: every row rejected is an error that says so")
  func allRejected() {
    let verdict = machine(read: 3, rejected: 3).verdict(.completed)
    #expect(verdict.status == .error)
    #expect(verdict.code == "all_rows_rejected")
    #expect(verdict.message.contains("every row that was read (3) was rejected"))
  }

  @Test("decision 6: rows that nobody accounts for are an error with both numbers")
  func unaccounted() {
    let verdict = machine(read: 12, applied: 11).verdict(.completed)
    #expect(verdict.status == .error)
    #expect(verdict.code == "proof_failed")
    #expect(verdict.message.contains("12 rows were read but the writer accounts for 11"))
  }

  @Test("decision 6: a warehouse that counts otherwise is an error with both numbers")
  func reported() {
    let verdict = machine(read: 12, applied: 12, reported: 13).verdict(.completed)
    #expect(verdict.code == "proof_failed")
    #expect(verdict.message.contains("reports 13 rows but 12 were read"))
  }

  @Test(
    "the status follows the recovery alone",
    arguments: [
      (Recovery.retry, RunStatus.error), (.reconnect, .error), (.skipRow, .error),
      (.failRun, .error), (.needsOperator, .configError),
    ]
  )
  func failures(_ recovery: Recovery, _ status: RunStatus) {
    let verdict = machine(read: 1).verdict(.failed(Failure("c", "m", recovery: recovery)))
    #expect(verdict == RunVerdict(status: status, code: "c", message: "m"))
  }

  @Test("R20: rows beyond the limit are refused and the run says which limit it was")
  func limit() {
    var machine = machine(read: 10, applied: 10, limit: 15)
    let reads = [machine.read(rows: 5, bytes: 1) == nil, machine.read(rows: 1, bytes: 1) == nil]
    #expect(reads == [true, false])
    #expect(machine.run.rowsRead == 15)
    let verdict = machine.verdict(.limitExceeded)
    #expect(verdict.status == .limitExceeded)
    #expect(verdict.message.contains("15"))
  }

  @Test("a stopped run is cancelled, and says where the next one begins")
  func stopped() {
    let verdict = machine(read: 1).verdict(.stopped)
    #expect(verdict.status == .cancelled)
    #expect(verdict.code == "interrupted")
  }

  @Test("decision 4: rows from the future make a warning, as do rows with warnings")
  func warnings() {
    var machine = machine(read: 2, applied: 2)
    _ = machine.receipted(BatchTally(futureRows: 2, warnings: 1))
    let warnings = machine.verdict(.completed).warnings
    #expect(warnings.count == 2)
    #expect(warnings[0].contains("later than the warehouse's own clock: 2"))
    #expect(warnings[1] == "rows applied with a warning: 1")
  }

  @Test("counts near the end of Int64 do not trap")
  func overflow() {
    var machine = machine(read: 10, applied: 10, limit: .max)
    let isWithinLimit = machine.read(rows: .max, bytes: .max) == nil
    #expect(!isWithinLimit)
    #expect(machine.run.rowsRead == 10)
  }
}
