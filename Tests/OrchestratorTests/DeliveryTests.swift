import OrchestratorAPI
import RPC
import SyncModel
import Synchronization
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

@Suite("A writer that goes away (decision 3, decision 7)", .timeLimit(.minutes(4)))
struct DeliveryTests {
  private func withRows(_ count: Int64 = 100, _ body: (House) async throws -> Void) async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<count).map { row(-500 + $0, "u\($0)") }
      // What a script does may name the house, which holds the script: neither would ever go.
      defer { house.writer.script = FakeWriter.Script() }
      try await body(house)
    }
  }

  @Test(
    "a receipt lost on its way: the batch goes out again as it was, and applies once",
    arguments: [0, 1, 4, 9]
  )
  func lostReceipt(_ message: Int) async throws {
    try await withRows { house in
      house.line.change { $0.loseMessage = message }
      let run = try await house.run()
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(run.applied == 100)
      #expect(run.rowsRead == 100)
      #expect(house.writer.appliedRows("purchases") == 100)
      let arrivals = house.writer.sync("purchases").arrivals
      #expect(arrivals.count > 10)
      // One number, one id, however often it came.
      #expect(Set(arrivals.map { "\($0.number) \($0.id)" }).count == 10)
      #expect(house.writer.sync("purchases").opens == 1)
    }
  }

  @Test("a status that is lost after the last receipt takes nothing back")
  func lostStatus() async throws {
    try await withRows { house in
      // The eleventh message is the end of the stream.
      house.line.change { $0.loseMessage = 10 }
      let run = try await house.run()
      #expect(run.status == .success)
      #expect(house.line.state.calls.filter { $0.hasSuffix("ApplyBatches") }.count == 1)
    }
  }

  @Test("a writer that is away for some tries is waited for")
  func away() async throws {
    try await withRows { house in
      house.line.change { $0.loseMessage = 3 }
      house.writer.script.beforeApply = { batch in
        if batch.batchNumber == 4 { house.line.change { $0.refusedCalls = 4 } }
      }
      let run = try await house.run()
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(house.writer.appliedRows("purchases") == 100)
    }
  }

  @Test("a writer that stays away ends the run; the next one goes on at the writer's position")
  func staysAway() async throws {
    try await withRows { house in
      house.line.change { $0.loseMessage = 3 }
      house.writer.script.beforeApply = { batch in
        if batch.batchNumber == 4 { house.line.change { $0.refusedCalls = 1000 } }
      }
      let run = try await house.run()
      #expect(run.status == .error)
      #expect(run.errorCode == "writer_unavailable")
      #expect(run.applied >= 30)
      #expect(run.applied < 100)
      house.line.change { $0.refusedCalls = 0 }
      house.writer.script = FakeWriter.Script()
      let next = try await house.run()
      #expect(next.status == .success)
      #expect(house.writer.appliedRows("purchases") == 100)
      #expect(next.cursor == stamp(-401))
    }
  }

  @Test("a writer that ends its stream too early is taken for lost, and asked again")
  func endsEarly() async throws {
    try await withRows { house in
      let failures = Mutex(3)
      house.writer.script.beforeApply = { _ in
        let isDue = failures.withLock { count in
          count -= 1
          return count >= 0
        }
        if isDue { throw RPCError(.unavailable, "shutting down") }
      }
      let run = try await house.run()
      #expect(run.status == .success)
      #expect(run.applied == 100)
    }
  }

  @Test("a writer that forgot the sync is told again, with the same epoch and run")
  func forgot() async throws {
    try await withRows { house in
      let hasForgotten = Mutex(false)
      house.writer.script.beforeApply = { batch in
        let isFirst = hasForgotten.withLock { done in
          defer { if batch.batchNumber == 5 { done = true } }
          return !done && batch.batchNumber == 5
        }
        if isFirst {
          throw RPCError(.failedPrecondition, "open the sync first", reason: "sync_not_open")
        }
      }
      let run = try await house.run()
      #expect(run.status == .success, "\(run.errorMessage)")
      let openings = house.writer.sync("purchases").openings
      #expect(openings.count == 2)
      #expect(Set(openings.map(\.epoch)) == [1])
      #expect(Set(openings.map(\.runId)) == [run.runId])
    }
  }

  @Test("invariant I5: a run that another epoch has overtaken ends, and changes nothing more")
  func overtaken() async throws {
    try await withRows { house in
      house.writer.script.beforeApply = { batch in
        guard batch.batchNumber == 4 else { return }
        _ = try await house.writer.openSync(
          OpenSyncRequest(
            workspace: "default",
            sync: "purchases",
            epoch: 99,
            runId: "another",
            destination: "profiles",
            data: .purchases,
            incarnation: batch.incarnation
          ),
          context: ServerContext(path: "/test")
        )
      }
      let run = try await house.run()
      #expect(run.status == .error)
      #expect(run.errorCode == "stale_epoch")
      #expect(house.writer.appliedRows("purchases") == 30)
      #expect(house.line.state.calls.filter { $0.hasSuffix("ApplyBatches") }.count == 1)
    }
  }

  @Test(
    "what the writer refuses for good ends the run at once, with its reason",
    arguments: ["unexpected_batch", "disk_full"]
  )
  func refused(_ reason: String) async throws {
    try await withRows { house in
      house.writer.script.beforeApply = { batch in
        if batch.batchNumber == 2 {
          throw RPCError(.failedPrecondition, "because", reason: reason)
        }
      }
      let run = try await house.run()
      #expect(run.errorCode == reason)
      #expect(run.status == (reason == "disk_full" ? .configError : .error))
      #expect(house.line.state.calls.filter { $0.hasSuffix("ApplyBatches") }.count == 1)
    }
  }

  @Test("a receipt for another batch ends the run")
  func wrongReceipt() async throws {
    try await withRows { house in
      house.writer.script.receipt = { receipt in
        var receipt = receipt
        receipt.batchId = "another"
        return receipt
      }
      let run = try await house.run()
      #expect(run.errorCode == "invalid_receipt")
    }
  }

  @Test("a writer that says nothing is taken for lost")
  func stalled() async throws {
    var configuration = House.configuration
    configuration.stallLimit = .milliseconds(20)
    try await House.with(configuration: configuration) { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-1)]
      house.writer.script.beforeApply = { _ in await untilCancelled() }
      let run = try await house.run()
      #expect(run.status == .error)
      #expect(run.errorCode == "writer_unavailable")
      #expect(run.errorMessage.contains("no receipt"))
    }
  }

  @Test("a slow writer holds the reading back: memory stays bounded")
  func bounded() async throws {
    try await withRows(1000) { house in
      let gate = Gate()
      house.writer.script.beforeApply = { batch in
        if batch.batchNumber == 1 { try await gate.wait() }
      }
      let started = try await house.start()
      await gate.reached()
      // Three wait for their receipts, one waits for room; then nothing moves.
      try await until { house.warehouse.log.batchesRead >= 4 }
      for _ in 0..<1000 { await Task.yield() }
      #expect(house.warehouse.log.batchesRead == 4)
      gate.open()
      #expect(try await house.end(of: started.runId).applied == 1000)
    }
  }
}
