import OrchestratorAPI
import RPC
import Synchronization
import Testing

@testable import Ops

@Suite struct SetupCommandTests {
  private let bench = CommandBench()

  init() {
    bench.orchestrator.state.withLock {
      $0.sources = [Source(workspace: "default", name: "shop", type: "redshift")]
    }
  }

  private var asked: DescribeSetupRequest? { bench.orchestrator.state.withLock { $0.lastSetup } }
  private var tested: TestSourceRequest? { bench.orchestrator.state.withLock { $0.lastTest } }

  @Test func `the steps are numbered, ready to paste, and the check is named`() async {
    let outcome = await bench.run(
      "setup",
      "redshift",
      "shop",
      "--table",
      "a.b",
      "--data",
      "deletes",
      "--address",
      "192.0.2.7",
      "--address",
      "192.0.2.8"
    )
    #expect(outcome.exit == 0)
    #expect(
      outcome.output == """
        -- 1. Table
        CREATE TABLE a.b;

        -- 2. Network
        ALLOW 192.0.2.7;
        ALLOW 192.0.2.8;


        """
    )
    #expect(outcome.errors.contains("afterwards: sluice setup redshift shop --check"))
    #expect(asked?.name == "shop" && asked?.type == "" && asked?.workspace == "default")
    #expect(asked?.data == .deletes && asked?.table == "a.b")
    #expect(asked?.addresses == ["192.0.2.7", "192.0.2.8"])
  }

  @Test func `as JSON: the type and the steps`() async {
    let outcome = await bench.run("setup", "redshift", "shop", "--table", "t", "-o", "jsonl")
    #expect(outcome.exit == 0)
    #expect(
      outcome.output == #"{"type":"redshift","steps":["#
        + #"{"title":"Table","statements":"CREATE TABLE t;\n"},"#
        + #"{"title":"Network","statements":""}]}"# + "\n"
    )
  }

  @Test func `a source that is not there yet is described by its settings`() async {
    let outcome = await bench.run(
      "setup",
      "redshift",
      "--credential",
      "cluster",
      "--setting",
      "host=h",
      "--setting",
      "database=a=b"
    )
    #expect(outcome.exit == 0)
    #expect(asked?.name == "" && asked?.type == "redshift" && asked?.credential == "cluster")
    #expect(asked?.settings == ["host": "h", "database": "a=b"])
    #expect(asked?.data == .attributes)
    #expect(!outcome.errors.contains("--check"))
  }

  @Test(arguments: [
    (["setup", "redshift", "shop", "--data", "rows"], "--data must be one of"),
    (["setup", "redshift", "--setting", "host"], "--setting is name=value"),
    (["setup", "redshift", "shop", "--setting", "a=b"], "leave --setting out"),
    (["setup", "redshift", "shop", "--credential", "c"], "leave --setting out"),
    (["setup", "redshift", "--check"], "--check needs the name of a source"),
  ])
  func `what makes no sense is refused before anybody is asked`(_ line: [String], _ words: String)
    async
  {
    let outcome = await bench.run(line)
    #expect(outcome.exit == ExitStatus.usage.rawValue)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
    #expect(asked == nil && tested == nil)
  }

  @Test(arguments: [[], ["--check"]])
  func `a source of another type is named with its own`(_ more: [String]) async {
    let outcome = await bench.run(["setup", "snowflake", "shop"] + more)
    #expect(outcome.exit == ExitStatus.usage.rawValue)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains("source \"shop\" is of type redshift, not snowflake"))
    #expect(outcome.errors.contains("sluice setup redshift shop"))
    #expect(tested == nil)
  }

  @Test func `a source that is not there is not found, printing and checking`() async {
    for more in [[], ["--check"]] {
      let outcome = await bench.run(["setup", "redshift", "nobody"] + more)
      #expect(outcome.exit == ExitStatus.notFound.rawValue)
    }
  }

  @Test func `a check tests the source, and its table where one is named`() async {
    let login = await bench.run("setup", "redshift", "shop", "--check")
    #expect(login.exit == 0)
    #expect(tested?.name == "shop" && tested?.table == "" && tested?.data == .unspecified)
    #expect(login.errors.contains("add --table NAME"))
    let table = await bench.run(
      "setup",
      "redshift",
      "shop",
      "--check",
      "--table",
      "a.b",
      "--data",
      "events"
    )
    #expect(table.exit == 0)
    #expect(tested?.table == "a.b" && tested?.data == .events)
    #expect(!table.errors.contains("add --table NAME"))
    #expect(asked == nil)
  }

  @Test func `all that is missing is said: the problem, and every warning`() async {
    bench.orchestrator.state.withLock {
      $0.report = TestReport(
        ok: false,
        errorCode: "permission_denied",
        errorMessage: "table t may not be read; run: GRANT SELECT ON TABLE t TO u",
        warnings: ["also: no column PAYLOAD", "an administrator adds what is missing: ALTER"]
      )
    }
    let outcome = await bench.run("setup", "redshift", "shop", "--check", "--table", "t")
    #expect(outcome.exit == ExitStatus.failure.rawValue)
    for words in [
      "source \"shop\": table t may not be read; run: GRANT SELECT ON TABLE t TO u",
      "(permission_denied)", "warning: also: no column PAYLOAD",
      "warning: an administrator adds what is missing: ALTER",
    ] {
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
  }
}
