import ServiceRuntime
import Synchronization
import Testing

@testable import Ops

/// `apply -f` in front of fakes of the services: all or nothing is sent, and twice is once.
@Suite struct ApplyTests {
  private let bench = CommandBench()

  private static let source = "kind: Source\nname: shop\ntype: sqlite\nsettings: { path: /x.db }\n"
  private static let sync =
    "---\nkind: Sync\nname: purchases\nsource: shop\ntable: t\ndata: purchases\n"

  @Test func `apply creates, and the second time says unchanged`() async {
    bench.set { $0.standardInput = Array((Self.source + Self.sync).utf8) }
    let first = await bench.run("apply", "-f", "-")
    #expect(first.exit == 0)
    #expect(
      first.output == """
        KIND    NAME       CHANGE
        Source  shop       created
        Sync    purchases  created

        """
    )
    let second = await bench.run("apply", "-f", "-", "-o", "jsonl")
    #expect(
      second.output == """
        {"kind":"Source","name":"shop","change":"unchanged"}
        {"kind":"Sync","name":"purchases","change":"unchanged"}

        """
    )
  }

  @Test func `nothing is sent when one document of several is wrong`() async {
    bench.set { $0.standardInput = Array((Self.source + "---\nkind: Sync\nname: a\n").utf8) }
    let outcome = await bench.run("apply", "-f", "-")
    #expect(outcome.exit == 1)
    #expect(outcome.output == "")
    #expect(outcome.errors.contains("sluice: standard input: document 2, line 6: a Sync needs"))
    #expect(outcome.errors.hasSuffix("hint: nothing was sent; correct this and apply again\n"))
    #expect(bench.orchestrator.state.withLock { $0.sources.isEmpty })
  }

  @Test func `what a service refuses names the object, after what was done`() async {
    let yaml = Self.source + "---\nkind: Source\nname: other\ntype: oracle\n"
    bench.set { $0.standardInput = Array(yaml.utf8) }
    let outcome = await bench.run("apply", "-f", "-", "-o", "name")
    #expect(outcome.exit == 1)
    #expect(outcome.output == "shop\n")
    #expect(
      outcome.errors
        == "sluice: Source \"other\": there is no source type \"oracle\" (unknown_source_type)\n"
    )
  }

  @Test func `a secret's file is beside the YAML file, wherever the command is run`() async throws {
    let directory = try TemporaryDirectory()
    try RegularFile.write(Array("geheim\n".utf8), to: directory.path + "/shop-password")
    let yaml = """
      kind: Credential
      name: shop-db
      type: password
      secretFile: shop-password
      ---
      kind: Credential
      name: snow
      type: key_pair
      """
    let file = directory.path + "/shop.yaml"
    try RegularFile.write(Array(yaml.utf8), to: file)
    let outcome = await bench.run("apply", "-f", file, "-o", "name")
    #expect(outcome.output == "shop-db\nsnow\n")
    #expect(
      outcome.errors
        == "sluice: hint: its public key, and how to register it: sluice credential show snow\n"
    )
    #expect(!(outcome.output + outcome.errors).contains("geheim"))
    let again = await bench.run("apply", "-f", file, "-o", "jsonl")
    #expect(again.output.contains(#""name":"shop-db","change":"unchanged"}"#))
  }

  @Test func `warnings of the orchestrator reach the user`() async {
    bench.orchestrator.state.withLock { $0.putWarnings = ["the overlap is 0"] }
    bench.set { $0.standardInput = Array(Self.sync.utf8) }
    let outcome = await bench.run("apply", "-f", "-")
    #expect(outcome.errors == "sluice: warning: Sync \"purchases\": the overlap is 0\n")
  }
}
