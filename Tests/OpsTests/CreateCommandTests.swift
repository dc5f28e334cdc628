import OrchestratorAPI
import Synchronization
import Testing

@testable import Ops

@Suite struct CreateCommandTests {
  private let bench = CommandBench()

  @Test func `a source is made from flags, and the same again is unchanged`() async {
    let words = [
      "source", "create", "shop", "--type", "postgresql", "--set", "host=db.example", "--set",
      "options=a=b", "--credential", "shop-db", "-o", "jsonl",
    ]
    let made = await bench.run(words)
    #expect(made.exit == 0)
    #expect(made.output == #"{"kind":"source","name":"shop","change":"created"}"# + "\n")
    let source = bench.orchestrator.state.withLock { $0.sources.first }
    #expect(source?.settings == ["host": "db.example", "options": "a=b"])
    #expect(source?.credential == "shop-db")
    #expect(source?.workspace == "default")
    #expect(await bench.run(words).output.contains("unchanged"))
  }

  @Test func `a sync is made from flags`() async {
    bench.orchestrator.state.withLock { $0.putWarnings = ["look here"] }
    let made = await bench.run(
      "sync",
      "create",
      "orders",
      "--source",
      "shop",
      "--table",
      "public.orders",
      "--data",
      "purchases",
      "--cron",
      " 0  3 * * * ",
      "--time-zone",
      "Europe/Berlin",
      "--contact",
      "a@example.com",
      "--contact",
      "b@example.com",
      "--overlap",
      "5m",
      "--update-existing-only",
      "-o",
      "name"
    )
    #expect(made.exit == 0)
    #expect(made.output == "orders\n")
    #expect(made.errors.contains("warning: Sync \"orders\": look here"))
    #expect(made.errors.contains("sluice sync test orders"))
    let sync = bench.orchestrator.state.withLock { $0.syncs.first }
    #expect(sync?.schedule == "cron 0 3 * * *")
    #expect(sync?.data == .purchases)
    #expect(sync?.contacts == ["a@example.com", "b@example.com"])
    #expect(sync?.options?.overlapNs == 300_000_000_000)
    #expect(sync?.options?.updateExistingOnly == true)
    #expect(sync?.timeZone == "Europe/Berlin")
  }

  @Test(arguments: [
    ["source", "create", "x"], ["source", "create", "x", "--type", "sqlite", "--set", "file"],
    ["source", "create", "x", "--type", "sqlite", "--set", "=a"],
    ["source", "create", "x", "--type", "sqlite", "--set", "file=a", "--set", "file=b"],
    ["sync", "create", "x", "--source", "s", "--data", "events"],
    ["sync", "create", "x", "--source", "s", "--data", "news", "--table", "t"],
    ["sync", "create", "x", "--source", "s", "--data", "events", "--table", "t", "--query", "q"],
    [
      "sync", "create", "x", "--source", "s", "--data", "events", "--table", "t", "--every", "1h",
      "--cron", "0 3 * * *",
    ],
    ["sync", "create", "x", "--source", "s", "--data", "events", "--table", "t", "--overlap", "x"],
  ]) func `what cannot be meant is a wrong command line`(_ words: [String]) async {
    #expect(await bench.run(words).exit == 2)
    #expect(bench.orchestrator.state.withLock { $0.syncs.isEmpty && $0.sources.isEmpty })
  }

  @Test func `a type that there is not is the orchestrator's to refuse`() async {
    let refused = await bench.run("source", "create", "x", "--type", "oracle")
    #expect(refused.exit == 1)
    #expect(refused.errors.contains("unknown_source_type"))
  }
}
