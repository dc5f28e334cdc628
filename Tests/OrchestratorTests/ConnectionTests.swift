import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Orchestrator

@Suite("Testing sources and syncs")
struct ConnectionTests {
  private func events(_ house: House, table: String = "", data: OrchestratorAPI.DataType = .events)
    async throws -> [TestEvent]
  {
    try await house.client.testSource(
      TestSourceRequest(name: "shop", table: table, data: data)
    ) { events in
      var seen: [TestEvent] = []
      while let event = try await events.next() { seen.append(event) }
      return seen
    }
  }

  @Test("a test tells its steps, and the last event holds the report")
  func steps() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      house.warehouse.script.inspection = Inspection(
        warnings: ["w"],
        columns: [.init(name: "UPDATED_AT", type: "timestamp")],
        preview: [["2024-01-01"], [nil]],
        rowsWithoutUpdatedAt: 4
      )
      let events = try await events(house, table: "t")
      #expect(events.first?.progress == "connecting to db.example")
      #expect(events.dropLast().allSatisfy { $0.report == nil && !$0.progress.isEmpty })
      let report = try #require(events.last?.report)
      #expect(report.ok)
      #expect(report.server == "Scripted 1.0")
      #expect(report.columns == [Column(name: "UPDATED_AT", type: "timestamp")])
      #expect(report.preview.map { $0.values.map(\.text) } == [["2024-01-01"], [nil]])
      #expect(report.rowsWithoutUpdatedAt == 4)
      #expect(report.warnings == ["w"])
      #expect(house.warehouse.log.connects == ["sluice:\(House.password)@db.example:5432"])
      #expect(house.warehouse.log.closed == 1)
      #expect(house.vault.releases.map(\.purpose) == ["test"])
    }
  }

  @Test("without a table, a test only connects")
  func connectOnly() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      house.warehouse.script.inspectFailure = Failure("x", "not asked", recovery: .failRun)
      let report = try await events(house).last?.report
      #expect(report?.ok == true)
      #expect(report?.columns == [])
    }
  }

  @Test(
    "what does not work is in the report, not in the call's status",
    arguments: ["wrong_password", "host_not_found", "connection_refused"]
  )
  func failures(_ code: String) async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      house.warehouse.script.connectFailures = [
        Failure(code, "what went wrong", recovery: .needsOperator)
      ]
      let report = try #require(try await events(house).last?.report)
      #expect(!report.ok)
      #expect(report.errorCode == code)
      #expect(report.errorMessage == "what went wrong")
    }
  }

  @Test("a lost connection and a missing table are in the report, and the connection is closed")
  func inspection() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      house.warehouse.script.inspectFailure = Failure("gone", "it went", recovery: .reconnect)
      #expect(try await events(house, table: "t").last?.report?.errorCode == "gone")
      house.warehouse.script.inspectFailure = nil
      house.warehouse.script.inspection.problem = Failure(
        "table_not_found",
        "no table t",
        recovery: .needsOperator
      )
      let report = try await events(house, table: "t").last?.report
      #expect(report?.errorCode == "table_not_found")
      #expect(report?.server == "Scripted 1.0")
      #expect(house.warehouse.log.closed == 2)
    }
  }

  @Test("a table needs the kind of its rows")
  func data() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      let error = await refusal { try await events(house, table: "t", data: .unspecified) }
      #expect(error?.reason == "invalid_data")
    }
  }

  @Test("a test of what a sync was before it changed does not count for what it is now (R135)")
  func changedMeanwhile() async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      _ = try await house.client.putSync(PutSyncRequest(sync: House.sync))
      _ = try await house.client.testSync(TestSyncRequest(name: "purchases")) { events in
        _ = try await events.next()
        var moved = House.sync
        moved.table = "public.other"
        _ = try await house.client.putSync(PutSyncRequest(sync: moved))
        while try await events.next() != nil {}
      }
      #expect(try await !house.client.getSync(GetSyncRequest(name: "purchases")).tested)
    }
  }
}
