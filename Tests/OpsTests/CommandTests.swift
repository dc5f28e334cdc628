import OrchestratorAPI
import Synchronization
import Testing
import WriterAPI

@testable import Ops

/// Whole command lines in front of fakes of the services: data on standard output, all else on
/// standard error, exit codes as design section 6 has them.
@Suite struct CommandTests {
  private let bench = CommandBench()

  @Test func `a sync is shown with the proto's names, exact numbers and UTC times`() async {
    bench.orchestrator.addActiveSync()
    bench.orchestrator.state.withLock { state in
      state.syncs[0].options = SyncOptions(overlapNs: 600_000_000_000)
      state.syncs[0].createdAt = 1_704_067_200_250_000_000
    }
    let outcome = await bench.run("sync", "show", "purchases", "-o", "json")
    #expect(
      outcome.output == """
        {
          "name": "purchases",
          "workspace": "default",
          "source": "shop",
          "table": "public.purchases",
          "query": null,
          "data": "purchases",
          "destination": "profiles",
          "schedule": "manual",
          "time_zone": "UTC",
          "contacts": [
            "ops@example.com"
          ],
          "options": {
            "overlap_ns": 600000000000,
            "update_existing_only": false,
            "row_limit": 0,
            "max_rejected_percent": 0,
            "max_deletes": 0,
            "unusual_volume_factor": 0,
            "alert_rejected_percent": 0,
            "alert_success": false,
            "skip_unchanged": null
          },
          "state": "active",
          "tested": true,
          "created_at": "2024-01-01T00:00:00.25Z",
          "updated_at": "1970-01-01T00:00:00Z",
          "next_run_at": null
        }

        """
    )
  }

  @Test func `lists come in every format`() async {
    bench.orchestrator.addActiveSync()
    let table = await bench.run("sync", "list").output
    #expect(
      table == """
        NAME       SOURCE  TABLE             DATA       STATE   SCHEDULE  NEXT RUN
        purchases  shop    public.purchases  purchases  active  manual    -

        """
    )
    #expect(await bench.run("sync", "list", "-o", "name").output == "purchases\n")
    #expect(await bench.run("sync", "list", "-o", "json").output.hasPrefix("[\n  {\n    \"name\""))
    #expect(await bench.run("sync", "list", "-o", "yaml").output.hasPrefix("- name: purchases\n"))
    #expect(await bench.run("source", "list", "-o", "json").output == "[]\n")
    #expect(await bench.run("source", "list").output == "")
  }

  @Test func `a report is data, its failure is an error`() async {
    bench.orchestrator.addActiveSync()
    bench.orchestrator.state.withLock { state in
      state.report = TestReport(
        ok: false,
        errorCode: "table_not_found",
        errorMessage: "there is no table \"public.purchases\"",
        server: "PostgreSQL 15"
      )
    }
    let outcome = await bench.run("sync", "test", "purchases", "-o", "jsonl")
    #expect(outcome.exit == 1)
    #expect(
      outcome.output == """
        {"name":"purchases","ok":false,"server":"PostgreSQL 15","error_code":"table_not_found",\
        "error_message":"there is no table \\"public.purchases\\"","warnings":[],\
        "rows_without_updated_at":0,"columns":[],"preview":[]}

        """
    )
    #expect(
      outcome.errors == """
        sluice: connecting
        sluice: sync "purchases": there is no table "public.purchases" (table_not_found)

        """
    )
  }

  @Test func `a preview is a table of its own, with what is NULL and what is dangerous visible`()
    async
  {
    bench.orchestrator.addActiveSync()
    bench.orchestrator.state.withLock { state in
      state.report = TestReport(
        ok: true,
        columns: [
          OrchestratorAPI.Column(name: "EXTERNAL_ID", type: "text"),
          OrchestratorAPI.Column(name: "PAYLOAD", type: "jsonb"),
        ],
        preview: [
          PreviewRow(values: [PreviewValue(text: "42"), PreviewValue(text: "\u{1B}[2J")]),
          PreviewRow(values: [PreviewValue(text: nil), PreviewValue(text: "{}")]),
        ],
        rowsWithoutUpdatedAt: 3,
        server: "PostgreSQL 15"
      )
    }
    #expect(
      await bench.run("sync", "test", "purchases").output == """
        ok                       yes
        server                   PostgreSQL 15
        columns                  EXTERNAL_ID text, PAYLOAD jsonb
        rows_without_updated_at  3

        EXTERNAL_ID  PAYLOAD
        42           \\u{1b}[2J
        -            {}

        """
    )
  }

  @Test func `the mistakes of a new user have codes of their own`() async {
    bench.orchestrator.addActiveSync()
    bench.orchestrator.state.withLock { state in
      state.syncs.append(Sync(name: "draft", state: .draft))
    }
    // Not found: 5.
    let unknown = await bench.run("sync", "run", "nope")
    #expect(unknown.exit == 5)
    #expect(
      unknown.errors == """
        sluice: there is no sync "nope" in workspace "default" (sync_not_found)
        sluice: hint: sluice sync list shows the syncs there are

        """
    )
    // Conflict: 6.
    #expect(await bench.run("sync", "run", "draft").exit == 6)
    let untested = await bench.run("sync", "activate", "draft")
    #expect(untested.exit == 6)
    #expect(untested.errors.contains("hint: test it with: sluice sync test draft"))
    #expect(await bench.run("sync", "run", "purchases").exit == 0)
    let second = await bench.run("sync", "run", "purchases")
    #expect(second.exit == 6)
    #expect(second.errors.hasPrefix("sluice: Another job is in progress (already_running)\n"))
    // Unreachable: 8.
    bench.set { $0.down = [.orchestrator] }
    let down = await bench.run("sync", "list")
    #expect(down.exit == 8)
    #expect(
      down.errors.hasPrefix(
        "sluice: cannot reach the orchestrator at 127.0.0.1:2: connection refused (unreachable)\n"
      )
    )
    // Not authorised: 4.
    bench.set {
      $0.down = []
      $0.role = "writer"
    }
    let denied = await bench.run("sync", "list")
    #expect(denied.exit == 4)
    #expect(denied.errors.contains("role writer may not call"))
  }

  @Test func `no context at all says how to come to one`() async {
    bench.set { $0.variables = ["HOME": "/nonexistent"] }
    let outcome = await bench.run("sync", "list")
    #expect(outcome.exit == 1)
    #expect(outcome.errors.contains("hint: start them with: sluice dev"))
  }

  @Test(arguments: [
    ["sync"], ["sync", "run"], ["sync", "run", "a", "b"],
    ["sync", "list", "-o", "xml"], ["profile", "show"],
    ["profile", "show", "--email", "a@b.c", "--phone", "+1"],
    ["profile", "show", "--alias-name", "a"], ["profile", "show", "--external-id", ""],
    ["run", "list", "--limit", "1001"], ["run", "list", "--limit", "-1"],
    ["sync", "list", "--timeout", "5"], ["apply"], ["source", "test", "a", "--data", "events"],
    ["credential", "create", "a", "--type", "password"],
    ["credential", "create", "a", "--type", "token"], ["completion", "tcsh"],
    ["certificates", "create", "--out", "x", "--host", "broker=x"],
  ]) func `a wrong command line is exit code 2, on standard error`(_ words: [String]) async {
    // A noun alone asks for help, which is no mistake.
    let outcome = await bench.run(words)
    if words == ["sync"] {
      #expect(outcome.exit == 0)
      #expect(outcome.output.contains("activate"))
    } else {
      #expect(outcome.exit == 2)
      #expect(outcome.output == "")
      #expect(outcome.errors.hasPrefix("sluice: "))
      #expect(outcome.errors.contains("Usage: sluice"))
    }
  }

  @Test(arguments: [
    (["snyc", "list"], "there is no command sluice snyc", "did you mean: sluice sync"),
    (
      ["sync", "lsit", "-o", "json"], "there is no command sluice sync lsit",
      "did you mean: sluice sync list"
    ),
    (
      ["context", "frobnicate"], "there is no command sluice context frobnicate",
      "sluice context has: list, use, set"
    ),
  ]) func `a word that is no command gets a suggestion`(
    _ words: [String],
    _ message: String,
    _ hint: String
  ) async {
    let outcome = await bench.run(words)
    #expect(outcome.exit == 2)
    #expect(outcome.errors == "sluice: \(message)\nsluice: hint: \(hint)\n")
  }

  @Test func `flags of every command may stand before the noun`() async {
    bench.orchestrator.addActiveSync()
    #expect(await bench.run("-o", "name", "sync", "list").output == "purchases\n")
    #expect(await bench.run("--output=name", "sync", "list").output == "purchases\n")
    #expect(await bench.run("--workspace").exit == 2)
  }

  @Test(arguments: [
    ["export"], ["diff", "-f", "x"], ["doctor"],
  ]) func `verbs to come say that they are not built yet`(_ words: [String]) async {
    let outcome = await bench.run(words)
    #expect(outcome.exit == 1)
    #expect(outcome.errors.contains("is not built yet (not_built)"))
  }

  @Test func `help goes to standard output and hides what is not built`() async {
    let outcome = await bench.run("--help")
    #expect(outcome.exit == 0)
    #expect(outcome.errors == "")
    for noun in ["apply", "credential", "sync", "dev", "context"] {
      #expect(outcome.output.contains("  \(noun) "), "\(noun)")
    }
    #expect(!outcome.output.contains("doctor"))
  }

  @Test func `credentials are shown without their secret, key pairs with how to register them`()
    async
  {
    bench.set { $0.standardInput = Array("geheim\n".utf8) }
    let made = await bench.run(
      "credential",
      "create",
      "shop-db",
      "--type",
      "password",
      "--username",
      "sluice",
      "--secret-file",
      "-"
    )
    #expect(made.exit == 0)
    #expect(made.errors == "sluice: credential \"shop-db\" created\n")
    let shown = await bench.run("credential", "show", "shop-db", "-o", "json")
    #expect(shown.output.contains("\"username\": \"sluice\""))
    #expect(!(made.output + shown.output + shown.errors).contains("geheim"))

    let pair = await bench.run(
      "credential",
      "create",
      "snow",
      "--type",
      "key_pair",
      "--username",
      "SLUICE_USER"
    )
    #expect(
      pair.output.contains(
        "ALTER USER SLUICE_USER SET RSA_PUBLIC_KEY='public key of snow, version 1';"
      )
    )
    let list = await bench.run("credential", "list", "-o", "name")
    #expect(list.output == "shop-db\nsnow\n")
  }

  @Test func `a profile passes through byte by byte`() async {
    let json = #"{"external_id":"42","custom_attributes":{"n":1.10,"big":12345678901234567890}}"#
    bench.writer.state.withLock { state in
      state.profiles = [
        Profile(brazeId: "b1", externalId: "42", json: Array(json.utf8)),
        Profile(brazeId: "b2", externalId: "", json: Array("{}".utf8)),
      ]
    }
    #expect(
      await bench.run("profile", "show", "--external-id", "42", "-o", "json").output == json + "\n"
    )
    #expect(
      await bench.run("profile", "show", "--external-id", "42").output.contains("    \"n\": 1.10,")
    )
    let export = await bench.run("profile", "export", "-o", "jsonl", "--events")
    #expect(export.output == json + "\n{}\n")
    #expect(export.errors == "sluice: 2 profiles\n")
    #expect(bench.writer.state.withLock { $0.lastExport?.events } == true)
    #expect(await bench.run("profile", "export", "-o", "name").output == "42\nb2\n")
    let none = await bench.run("profile", "show", "--external-id", "43")
    #expect(none.exit == 5)
  }

  @Test func `an alias is one identifier of two parts`() async {
    _ = await bench.run("profile", "show", "--alias-name", "n", "--alias-label", "l")
    let request = bench.writer.state.withLock { $0.lastGet }
    #expect(request?.aliasName == "n")
    #expect(request?.aliasLabel == "l")
  }

  @Test func `profile count prints whole numbers, and revenue as exact text`() async {
    bench.writer.state.withLock {
      $0.counts = ProfileCounts(profiles: 2357, purchases: 6919, revenue: "244091.94")
    }
    #expect(
      await bench.run("profile", "count", "-o", "jsonl").output
        == #"{"profiles":2357,"events":0,"purchases":6919,"revenue":"244091.94"}"# + "\n"
    )
  }

  @Test func `health names the service that is down`() async {
    #expect(await bench.run("health").exit == 0)
    bench.set { $0.down = [.writer] }
    let outcome = await bench.run("health", "-o", "jsonl")
    #expect(outcome.exit == 8)
    #expect(
      outcome.output.contains(
        #"{"service":"writer","address":"127.0.0.1:3","status":"unreachable","error_code":"unreachable""#
      )
    )
    #expect(outcome.errors.contains("not every service takes calls: writer (unreachable)"))
  }

  @Test func `status joins each sync with its latest run`() async {
    bench.orchestrator.addActiveSync()
    _ = await bench.run("sync", "run", "purchases")
    let outcome = await bench.run("status", "-o", "jsonl")
    #expect(outcome.exit == 0)
    #expect(outcome.output.contains(#""run_id":"run-1","status":"running","rows_read":0"#))
    #expect(await bench.run("status").output.contains("purchases  active  running"))
  }

  @Test func `the cursor is shown as time and as the integer that counts`() async {
    bench.orchestrator.addActiveSync()
    bench.orchestrator.state.withLock {
      $0.cursor = Cursor(sync: "purchases", position: 1_704_067_200_000_000_001)
    }
    let outcome = await bench.run("cursor", "show", "purchases", "-o", "jsonl")
    #expect(
      outcome.output
        == #"{"sync":"purchases","position":"2024-01-01T00:00:00.000000001Z","#
        + #""position_ns":1704067200000000001,"updated_at":null,"moves":[]}"# + "\n"
    )
  }
}
