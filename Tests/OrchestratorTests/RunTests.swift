import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import VaultAPI
import WriterAPI

@testable import Orchestrator

@Suite("Runs", .timeLimit(.minutes(4)))
struct RunTests {
  @Test("R1, decisions 3 and 6: a run reads everything once, in order, and proves it")
  func first() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<95).map { row(-200 + $0, "u\($0)") }
      house.warehouse.script.reportError = 0
      let started = try await house.start()
      #expect(started.status == .running)
      #expect(started.trigger == "manual")
      let run = try await house.end(of: started.runId)
      #expect(run.status == .success, "\(run.errorMessage)")
      #expect(run.rowsRead == 95)
      #expect(run.applied == 95)
      #expect(run.rowsReported == 95)
      #expect(run.bytesRead > 95)
      #expect(run.phase == "finished")
      #expect(run.cursor == stamp(-106))
      #expect(run.finishedAt == house.world.now.nanoseconds)
      #expect(try await house.cursor() == stamp(-106))
      let sync = house.writer.sync("purchases")
      #expect(sync.arrivals.map(\.number) == Array(1...10))
      #expect(Set(sync.arrivals.map(\.id)).count == 10)
      #expect(sync.openings.map(\.epoch) == [1])
      #expect(sync.openings.map(\.destination) == ["profiles"])
      #expect(sync.openings.map(\.data) == [.purchases])
      let release = try #require(house.vault.releases.last)
      #expect(release.name == "shop-db")
      #expect(release.purpose == "run")
      #expect(release.runId == started.runId)
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
    }
  }

  @Test("R4, R9: a run with nothing new reads nothing and leaves the cursor")
  func nothingNew() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-5)]
      #expect(try await house.run().applied == 1)
      let second = try await house.run()
      #expect(second.status == .success)
      // The row at the cursor is read again, and known (decision 2).
      #expect(second.rowsRead == 1)
      #expect(second.alreadyApplied == 1)
      #expect(second.cursor == stamp(-5))
      #expect(house.writer.sync("purchases").openings.map(\.epoch) == [1, 2])
    }
  }

  @Test("decision 1: the writer's read_from decides where a run begins, the overlap goes to it")
  func overlap() async throws {
    try await House.with { house in
      try await house.activeSync {
        $0.options = SyncOptions(overlapNs: 60_000_000_000, updateExistingOnly: true)
      }
      house.warehouse.script.rows = [row(-100)]
      _ = try await house.run()
      _ = try await house.run()
      #expect(
        house.warehouse.log.reads == [nil, Timestamp(nanoseconds: stamp(-160))]
      )
      #expect(house.writer.sync("purchases").openings[1].overlapNs == 60_000_000_000)
      #expect(house.writer.sync("purchases").openings[1].updateExistingOnly)
    }
  }

  @Test("R125: some rejected rows make a run partial; R126: all of them an error")
  func rejected() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-9, "a", "reject"), row(-8)]
      let partial = try await house.run()
      #expect(partial.status == .partial)
      #expect(partial.rejected == 1)
      #expect(partial.applied == 1)
      house.warehouse.script.rows = [row(-7, "b", "reject")]
      let error = try await house.run()
      #expect(error.status == .error)
      #expect(error.errorCode == "all_rows_rejected")
      // R128: the rows are done with: the cursor passes them.
      #expect(error.cursor == stamp(-7))
    }
  }

  @Test("decision 6: a lying warehouse makes the run an error with both numbers")
  func lyingWarehouse() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (1...12).map { row(Int64(-$0), "u\($0)") }
      house.warehouse.script.reportError = 1
      let run = try await house.run()
      #expect(run.status == .error)
      #expect(run.errorCode == "proof_failed")
      #expect(run.errorMessage.contains("13"))
      #expect(run.errorMessage.contains("12"))
      #expect(run.rowsReported == 13)
    }
  }

  @Test("decision 6: a writer that loses count makes the run an error with both numbers")
  func lyingWriter() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (1...12).map { row(Int64(-$0), "u\($0)") }
      house.writer.script.receipt = { receipt in
        var receipt = receipt
        if receipt.batchNumber == 2 { receipt.applied -= 1 }
        return receipt
      }
      let run = try await house.run()
      #expect(run.errorCode == "proof_failed")
      #expect(run.errorMessage.contains("12 rows were read but the writer accounts for 11"))
    }
  }

  @Test("decision 4, C9: a row from the future is applied, warned of, and poisons nothing")
  func future() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-5, "a"), row(2_400_000_000, "b")]
      let run = try await house.run()
      #expect(run.status == .success)
      #expect(run.applied == 2)
      #expect(run.cursor == stamp(-5))
      #expect(run.warnings.count == 1)
      #expect(run.warnings.first?.contains("later than the warehouse's own clock: 1") == true)
      house.warehouse.script.now = house.warehouse.script.now.advanced(byNanoseconds: 9_000_000_000)
      house.warehouse.script.rows.append(row(7, "c"))
      let next = try await house.run()
      #expect(next.applied == 1)
      #expect(next.alreadyApplied == 2)
    }
  }

  @Test("R20: more rows than the limit end a run as limit_exceeded, what came before stays")
  func limit() async throws {
    try await House.with { house in
      try await house.activeSync { $0.options = SyncOptions(overlapNs: 0, rowLimit: 25) }
      house.warehouse.script.rows = (0..<100).map { row(-200 + $0, "u\($0)") }
      let run = try await house.run()
      #expect(run.status == .limitExceeded)
      #expect(run.errorCode == "row_limit_exceeded")
      #expect(run.errorMessage.contains("25"))
      #expect(run.rowsRead == 20)
      #expect(run.applied == 20)
      #expect(house.warehouse.log.batchesRead == 3)
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
    }
  }

  struct Breakage: Sendable, CustomTestStringConvertible {
    var code: String
    var status: OrchestratorAPI.RunStatus
    var cause: @Sendable (House) async throws -> Void
    var testDescription: String { code }
  }

  @Test(
    "what goes wrong before the first row ends the run with its own code",
    arguments: [
      Breakage(code: "wrong_password", status: .configError) {
        $0.warehouse.script.connectFailures = [
          Failure("wrong_password", "no", recovery: .needsOperator)
        ]
      },
      Breakage(code: "table_not_found", status: .configError) {
        $0.warehouse.script.queryFailure = Failure(
          "table_not_found",
          "no",
          recovery: .needsOperator
        )
      },
      Breakage(code: "connection_refused", status: .error) {
        $0.warehouse.script.connectFailures = Array(
          repeating: Failure("connection_refused", "no", recovery: .retry),
          count: 3
        )
      },
      Breakage(code: "destination_disk_full", status: .error) {
        $0.writer.script.beforeOpen = { _ in
          throw RPCError(.aborted, "no room", reason: "destination_disk_full")
        }
      },
      Breakage(code: "stale_epoch", status: .error) {
        $0.writer.script.beforeOpen = { _ in
          throw RPCError(.failedPrecondition, "a newer run", reason: "stale_epoch")
        }
      },
      Breakage(code: "unknown_destination", status: .configError) {
        $0.writer.script.beforeOpen = { _ in
          throw RPCError(.failedPrecondition, "none", reason: "unknown_destination")
        }
      },
      Breakage(code: "writer_permission_denied", status: .configError) {
        $0.writer.script.beforeOpen = { _ in throw RPCError(.permissionDenied, "not you") }
      },
      Breakage(code: "writer_unavailable", status: .error) {
        $0.line.change { $0.refusedCalls = 1000 }
      },
      Breakage(code: "internal", status: .error) {
        $0.warehouse.script.batchFailure = (0, Surprise())
      },
    ]
  )
  func breakages(_ breakage: Breakage) async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-1)]
      try await breakage.cause(house)
      let run = try await house.run()
      #expect(run.status == breakage.status)
      #expect(run.errorCode == breakage.code)
      #expect(!run.errorMessage.isEmpty)
      #expect(run.finishedAt > 0)
      #expect(run.rowsRead == 0)
      #expect(run.cursor == nil)
      #expect(house.warehouse.log.closed == house.warehouse.log.opened)
      #expect(try await house.runs() == [run])
    }
  }

  @Test("decision 7: a connection that is refused once is tried again inside the run")
  func connectAgain() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-1)]
      house.warehouse.script.connectFailures = [
        Failure("connection_refused", "no", recovery: .retry),
        Failure("connection_lost", "no", recovery: .reconnect),
      ]
      #expect(try await house.run().status == .success)
    }
  }

  @Test("a source's credential that is gone is a config error that names it")
  func credentialGone() async throws {
    try await House.with { house in
      try await house.activeSync()
      let database = house.database.inner
      _ = try await database.transaction {
        try $0.execute("UPDATE sources SET credential = 'elsewhere'")
      }
      let run = try await house.run()
      #expect(run.status == .configError)
      #expect(run.errorCode == "credential_not_found")
      #expect(run.errorMessage.contains("elsewhere"))
    }
  }

  @Test("R10, decision 3: a connection lost in the middle keeps what was read, no more, no less")
  func lostWarehouse() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = (0..<100).map { row(-200 + $0, "u\($0)") }
      house.warehouse.script.batchFailure = (
        4, Failure("connection_lost", "it went", recovery: .reconnect)
      )
      let broken = try await house.run()
      #expect(broken.status == .error)
      #expect(broken.errorCode == "connection_lost")
      #expect(broken.applied == 40)
      #expect(broken.cursor == stamp(-161))
      house.warehouse.script.batchFailure = nil
      let next = try await house.run()
      #expect(next.status == .success)
      #expect(next.applied == 60)
      #expect(next.alreadyApplied == 1)
      #expect(house.writer.appliedRows("purchases") == 100)
    }
  }
}

/// An error that nobody reckons with.
private struct Surprise: Error {}
