import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Orchestrator

@Suite("Syncs and their states")
struct SyncTests {
  private func withSource(_ body: (House) async throws -> Void) async throws {
    try await House.with { house in
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      try await body(house)
    }
  }

  private func put(_ house: House, _ change: (inout Sync) -> Void = { _ in }) async throws
    -> PutSyncResponse
  {
    var sync = House.sync
    change(&sync)
    return try await house.client.putSync(PutSyncRequest(sync: sync))
  }

  @Test("a put creates a draft, then changes nothing, then updates")
  func put() async throws {
    try await withSource { house in
      let created = try await put(house)
      #expect(created.change == .created)
      #expect(created.sync?.state == .draft)
      #expect(created.sync?.tested == false)
      #expect(created.warnings == [])
      house.world.advance(seconds: 1)
      let again = try await put(house)
      #expect(again.change == .unchanged)
      #expect(again.sync == created.sync)
      let updated = try await put(house) { $0.contacts = ["b@example.com", "a@example.com"] }
      #expect(updated.change == .updated)
      let shown = try await house.client.getSync(GetSyncRequest(name: "purchases"))
      #expect(shown == updated.sync)
      #expect(shown.contacts == ["b@example.com", "a@example.com"])
      #expect(shown.createdAt == created.sync?.createdAt)
    }
  }

  @Test("what is left out and its default are the same sync")
  func defaults() async throws {
    try await withSource { house in
      _ = try await put(house) {
        $0.schedule = ""
        $0.timeZone = ""
        $0.destination = ""
      }
      let again = try await put(house) {
        $0.schedule = "manual"
        $0.timeZone = "UTC"
        $0.destination = "profiles"
      }
      #expect(again.change == .unchanged)
    }
  }

  @Test(
    "R140: a schedule runs an active sync, once a slot, also over restarts; Sync Now moves no slot"
  )
  func schedule() async throws {
    var configuration = House.configuration
    configuration.scheduleInterval = .milliseconds(2)
    try await House.with(configuration: configuration) { house in
      try await house.activeSync { $0.schedule = "every 15m" }
      let shown = try await house.client.getSync(GetSyncRequest(name: "purchases"))
      let quarter: Int64 = 900_000_000_000
      let start = house.world.world.now().nanoseconds
      #expect(shown.nextRunAt == (start / quarter + 1) * quarter)
      #expect(try await house.run().trigger == "manual")
      // Two slots went by: one run makes up for both.
      house.world.advance(seconds: 1800)
      let second = (house.world.world.now().nanoseconds / quarter) * quarter
      try await waitForRuns(house, 2)
      let run = try #require(try await house.runs().first)
      #expect(run.trigger == "schedule")
      #expect(run.scheduledFor == second)
      try await house.restarted { house in
        try await Task.sleep(for: .milliseconds(50))
        #expect(try await house.runs().count == 2)
      }
    }
  }

  private func waitForRuns(_ house: House, _ count: Int) async throws {
    while try await house.runs().count(where: { $0.status == .success }) < count {
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  @Test("a sync needs its source")
  func source() async throws {
    try await withSource { house in
      let error = await refusal { try await put(house) { $0.source = "elsewhere" } }
      #expect(error?.code == .notFound)
      #expect(error?.reason == "source_not_found")
    }
  }

  @Test("R136: the data type cannot change")
  func dataType() async throws {
    try await withSource { house in
      _ = try await put(house)
      let error = await refusal { try await put(house) { $0.data = .events } }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.reason == "data_type_immutable")
      #expect(error?.message.contains("purchases") == true)
    }
  }

  @Test("R137: a second sync on the same table is refused, on another table or by query it is not")
  func sameTable() async throws {
    try await withSource { house in
      _ = try await put(house)
      let error = await refusal { try await put(house) { $0.name = "second" } }
      #expect(error?.reason == "table_in_use")
      #expect(error?.message.contains("\"purchases\"") == true)
      _ = try await put(house) {
        $0.name = "second"
        $0.table = "public.refunds"
      }
      let moved = await refusal { try await put(house) { $0.table = "public.refunds" } }
      #expect(moved?.reason == "table_in_use")
      for name in ["third", "fourth"] {
        _ = try await put(house) {
          $0.name = name
          $0.table = ""
          $0.query = "SELECT 1"
        }
      }
      let names = try await house.client.listSyncs(ListSyncsRequest()) { syncs in
        var names: [String] = []
        while let sync = try await syncs.next() { names.append(sync.name) }
        return names
      }
      #expect(names == ["fourth", "purchases", "second", "third"])
    }
  }

  @Test("R135: a draft is not activated before a successful test")
  func untested() async throws {
    try await withSource { house in
      _ = try await put(house)
      let early = await refusal {
        try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      }
      #expect(early?.code == .failedPrecondition)
      #expect(early?.reason == "not_tested")
      #expect(early?.message.contains("`sluice sync test purchases`") == true)
      house.warehouse.script.inspection.problem = Failure(
        "column_missing",
        "no UPDATED_AT",
        recovery: .needsOperator
      )
      #expect(try await !house.testSync().ok)
      let failed = await refusal {
        try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      }
      #expect(failed?.reason == "not_tested")
      house.warehouse.script.inspection.problem = nil
      #expect(try await house.testSync().ok)
      #expect(try await house.client.getSync(GetSyncRequest(name: "purchases")).tested)
      let active = try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      #expect(active.state == .active)
      // Once more is no mistake.
      let again = try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      #expect(again.state == .active)
    }
  }

  @Test("R134: no activation without a contact")
  func contact() async throws {
    try await withSource { house in
      _ = try await put(house) { $0.contacts = [] }
      #expect(try await house.testSync().ok)
      let error = await refusal {
        try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      }
      #expect(error?.reason == "contact_required")
    }
  }

  @Test("R135: editing the source needs a new test, and stops its syncs until then")
  func sourceEdited() async throws {
    try await House.with { house in
      try await house.activeSync()
      var source = House.source
      source.settings["port"] = "6543"
      _ = try await house.client.putSource(PutSourceRequest(source: source))
      let sync = try await house.client.getSync(GetSyncRequest(name: "purchases"))
      #expect(sync.state == .draft)
      #expect(!sync.tested)
      // Back to what was tested: the test counts again.
      _ = try await house.client.putSource(PutSourceRequest(source: House.source))
      #expect(try await house.client.getSync(GetSyncRequest(name: "purchases")).tested)
    }
  }

  @Test("R135: another table needs a new test, another contact does not")
  func tableEdited() async throws {
    try await House.with { house in
      try await house.activeSync()
      let contacts = try await put(house) { $0.contacts = ["new@example.com"] }
      #expect(contacts.sync?.state == .active)
      #expect(contacts.sync?.tested == true)
      let table = try await put(house) { $0.table = "public.other" }
      #expect(table.sync?.state == .draft)
      #expect(table.sync?.tested == false)
      #expect(table.warnings.contains { $0.contains("draft again") })
    }
  }

  @Test("R135: a new secret shows as untested and stops nothing")
  func rotated() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.vault.add(password: "another", name: "shop-db", username: "sluice")
      let sync = try await house.client.getSync(GetSyncRequest(name: "purchases"))
      #expect(!sync.tested)
      #expect(sync.state == .active)
      let listed = try await house.client.listSyncs(ListSyncsRequest()) { try await $0.next() }
      #expect(listed?.tested == false)
    }
  }

  @Test("R141: a paused sync does not run, and resumes with its cursor")
  func paused() async throws {
    try await House.with { house in
      try await house.activeSync()
      house.warehouse.script.rows = [row(-10)]
      #expect(try await house.run().status == .success)
      let paused = try await house.client.pauseSync(PauseSyncRequest(name: "purchases"))
      #expect(paused.state == .paused)
      let error = await refusal { try await house.start() }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.reason == "sync_is_paused")
      #expect(error?.message.contains("`sluice sync activate purchases`") == true)
      _ = try await house.client.activateSync(ActivateSyncRequest(name: "purchases"))
      #expect(try await house.cursor() == stamp(-10))
      #expect(try await house.run().status == .success)
      #expect(house.warehouse.log.reads == [nil, Timestamp(nanoseconds: stamp(-10))])
    }
  }

  @Test("R141: a draft does not run, and cannot be paused")
  func draft() async throws {
    try await withSource { house in
      _ = try await put(house)
      let run = await refusal { try await house.start() }
      #expect(run?.reason == "sync_is_draft")
      let pause = await refusal {
        try await house.client.pauseSync(PauseSyncRequest(name: "purchases"))
      }
      #expect(pause?.code == .failedPrecondition)
    }
  }

  @Test("a sync that is not there is NOT_FOUND, whatever is asked of it")
  func missing() async throws {
    try await House.with { house in
      for call in [
        { _ = try await house.client.getSync(GetSyncRequest(name: "none")) },
        { _ = try await house.client.activateSync(ActivateSyncRequest(name: "none")) },
        { _ = try await house.client.pauseSync(PauseSyncRequest(name: "none")) },
        { _ = try await house.start("none") },
        { _ = try await house.cursor("none") },
        { _ = try await house.testSync("none") },
        { _ = try await house.runs("none") },
      ] as [@Sendable () async throws -> Void] {
        let error = await refusal(call)
        #expect(error?.code == .notFound)
        #expect(error?.reason == "sync_not_found")
      }
      // The name is free again after a refusal.
      #expect(await refusal { try await house.start("none") }?.reason == "sync_not_found")
    }
  }
}
