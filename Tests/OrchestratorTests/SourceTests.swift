import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing
import VaultAPI

@testable import Orchestrator

@Suite("Sources")
struct SourceTests {
  @Test("a put creates, then changes nothing, then updates, and keeps the time of creation")
  func put() async throws {
    try await House.with { house in
      var source = House.source
      let created = try await house.client.putSource(PutSourceRequest(source: source))
      #expect(created.change == .created)
      #expect(created.source?.workspace == "default")
      house.world.advance(seconds: 60)
      let again = try await house.client.putSource(PutSourceRequest(source: source))
      #expect(again.change == .unchanged)
      #expect(again.source == created.source)
      source.settings["port"] = "6543"
      let updated = try await house.client.putSource(PutSourceRequest(source: source))
      #expect(updated.change == .updated)
      let shown = try await house.client.getSource(GetSourceRequest(name: "shop"))
      #expect(shown.settings == ["host": "db.example", "port": "6543"])
      #expect(shown.createdAt == created.source?.createdAt)
      #expect(shown.updatedAt == house.world.now.nanoseconds)
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var reason: String
    var says: String
    var code = RPCCode.invalidArgument
    var change: @Sendable (inout Source) -> Void
    var testDescription: String { reason + ": " + says }
  }

  @Test(
    "a source that cannot be is refused with what is wrong and what to do",
    arguments: [
      Case(reason: "invalid_name", says: "the source's name") { $0.name = "a/b" },
      Case(reason: "unknown_source_type", says: "\"oracle\"; this build has: open, scripted") {
        $0.type = "oracle"
      },
      Case(reason: "invalid_settings", says: "\"host\"") { $0.settings = [:] },
      Case(reason: "invalid_settings", says: "\"hots\"") { $0.settings["hots"] = "x" },
      Case(reason: "invalid_settings", says: "1 to 65535, not \"0\"") { $0.settings["port"] = "0" },
      Case(reason: "invalid_settings", says: "NUL") { $0.settings["host"] = "a\u{0}" },
      Case(reason: "credential_required", says: "needs a credential") { $0.credential = "" },
      Case(reason: "credential_not_used", says: "takes no credential") { $0.type = "open" },
      Case(reason: "invalid_name", says: "the credential of source \"shop\"") {
        $0.credential = "a b"
      },
      Case(reason: "credential_not_found", says: "\"nobody\"", code: .notFound) {
        $0.credential = "nobody"
      },
    ]
  )
  func refusals(_ example: Case) async throws {
    try await House.with { house in
      var source = House.source
      example.change(&source)
      let changed = source
      let error = await refusal {
        try await house.client.putSource(PutSourceRequest(source: changed))
      }
      #expect(error?.reason == example.reason)
      #expect(error?.code == example.code)
      #expect(error?.message.contains(example.says) == true, "\(error?.message ?? "")")
      #expect(error?.message.contains(House.password) == false)
    }
  }

  @Test("decision 15: a key pair is refused, because it never leaves the vault")
  func keyPair() async throws {
    try await House.with { house in
      _ = try await house.vault.putCredential(
        .init(workspace: "default", name: "pair", type: .keyPair),
        context: ServerContext(path: "/test")
      )
      var source = House.source
      source.credential = "pair"
      let error = await refusal { [source] in
        try await house.client.putSource(PutSourceRequest(source: source))
      }
      #expect(error?.reason == "credential_type")
    }
  }

  @Test("a listing streams every source by name, page by page, of its workspace only")
  func list() async throws {
    try await House.with { house in
      for number in 0..<(SyncOrchestrator.pageSize + 5) {
        var source = House.source
        source.name = "s\(1000 + number)"
        source.type = "open"
        source.credential = ""
        _ = try await house.client.putSource(PutSourceRequest(source: source))
      }
      let listed = try await house.client.listSources(ListSourcesRequest()) { sources in
        var names: [String] = []
        while let source = try await sources.next() { names.append(source.name) }
        return names
      }
      #expect(listed.count == SyncOrchestrator.pageSize + 5)
      #expect(listed == listed.sorted())
      let elsewhere = try await house.client.listSources(ListSourcesRequest(workspace: "other")) {
        try await $0.next()
      }
      #expect(elsewhere == nil)
    }
  }

  @Test("a source that is not there is NOT_FOUND")
  func missing() async throws {
    try await House.with { house in
      let error = await refusal {
        try await house.client.getSource(GetSourceRequest(name: "none"))
      }
      #expect(error?.code == .notFound)
      #expect(error?.reason == "source_not_found")
      #expect(error?.message.contains("\"none\"") == true)
    }
  }

  @Test("every call is for operators", arguments: ["writer", "vault", "orchestrator", nil])
  func roles(_ role: String?) async throws {
    try await House.with { house in
      let client = House.client(of: house.orchestrator, role: role)
      let expected = role == nil ? RPCCode.unauthenticated : .permissionDenied
      for call in [
        { _ = try await client.putSource(PutSourceRequest(source: House.source)) },
        { _ = try await client.getSource(GetSourceRequest(name: "shop")) },
        { _ = try await client.listSources(ListSourcesRequest()) { try await $0.next() } },
        { _ = try await client.testSource(TestSourceRequest(name: "x")) { try await $0.next() } },
        { _ = try await client.putSync(PutSyncRequest(sync: House.sync)) },
        { _ = try await client.getSync(GetSyncRequest(name: "x")) },
        { _ = try await client.listSyncs(ListSyncsRequest()) { try await $0.next() } },
        { _ = try await client.testSync(TestSyncRequest(name: "x")) { try await $0.next() } },
        { _ = try await client.activateSync(ActivateSyncRequest(name: "x")) },
        { _ = try await client.pauseSync(PauseSyncRequest(name: "x")) },
        { _ = try await client.runSync(RunSyncRequest(name: "x")) },
        { _ = try await client.getRun(GetRunRequest(runId: "x")) },
        { _ = try await client.listRuns(ListRunsRequest()) { try await $0.next() } },
        { _ = try await client.watchRun(WatchRunRequest(runId: "x")) { try await $0.next() } },
        { _ = try await client.getCursor(GetCursorRequest(sync: "x")) },
      ] as [@Sendable () async throws -> Void] {
        #expect(await refusal(call)?.code == expected)
      }
    }
  }
}
