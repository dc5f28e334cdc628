import OrchestratorAPI
import ServiceRuntime
import Testing
import VaultAPI

@testable import Ops

/// `apply -f`: what it takes, and what it says about what it does not take (design, section 6).
@Suite struct ManifestTests {
  private func parse(_ yaml: String, stdin: String = "") throws -> [ManifestObject] {
    var parser = ManifestParser(secrets: SecretFile(standardInput: { Array(stdin.utf8) }))
    parser.read(Array(yaml.utf8), file: "shop.yaml")
    return try parser.result()
  }

  private func problems(_ yaml: String) -> [String] {
    do {
      _ = try parse(yaml)
      return []
    } catch {
      return (error as? CommandFailure)?.messages ?? ["\(error)"]
    }
  }

  @Test func `the contract's example is understood, referred-to objects first`() throws {
    let objects = try parse(
      """
      kind: Sync
      name: purchases
      source: shop
      table: public.purchases        # or query
      data: purchases
      destination: profiles
      schedule: { every: 15m }
      timeZone: America/New_York
      contacts: [ops@example.com]
      options: { overlap: 10m, updateExistingOnly: true, rowLimit: 1000 }
      ---
      kind: Source
      name: shop
      type: postgresql
      settings: { host: 127.0.0.1, port: 5432, database: shop, tls: verify-full }
      credential: shop-db
      ---
      kind: Credential
      name: shop-db
      type: password
      username: sluice
      secretFile: "-"
      """,
      stdin: "geheim\n"
    )
    #expect(
      objects == [
        .credential(
          CredentialManifest(
            name: "shop-db",
            type: .password,
            username: "sluice",
            secret: SecretText(bytes: Array("geheim".utf8))
          )
        ),
        .source(
          SourceManifest(
            name: "shop",
            type: "postgresql",
            settings: [
              "host": "127.0.0.1", "port": "5432", "database": "shop", "tls": "verify-full",
            ],
            credential: "shop-db"
          )
        ),
        .sync(
          SyncManifest(
            name: "purchases",
            source: "shop",
            table: "public.purchases",
            query: "",
            data: "purchases",
            destination: "profiles",
            schedule: "every 15m",
            timeZone: "America/New_York",
            contacts: ["ops@example.com"],
            options: SyncOptions(
              overlapNs: 600_000_000_000,
              updateExistingOnly: true,
              rowLimit: 1000
            )
          )
        ),
      ]
    )
  }

  @Test(arguments: [
    ("schedule: manual", "manual"), ("schedule: { every: 1h30m }", "every 1h30m"),
    ("schedule: { cron: \"0  3 * * *\" }", "cron 0 3 * * *"), ("schedule:", "manual"),
  ]) func `a schedule travels in the wire's words`(_ line: String, _ expected: String) throws {
    let objects = try parse("kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\n" + line)
    guard case .sync(let sync)? = objects.first else {
      Issue.record("no sync")
      return
    }
    #expect(sync.schedule == expected)
  }

  @Test func `settings keep their spelling, whatever YAML would make of them`() throws {
    let objects = try parse(
      "kind: Source\nname: 007\ntype: sqlite\nsettings: { a: yes, b: 0123, c: 1e3, d: '', e: ~ }"
    )
    #expect(
      objects == [
        .source(
          SourceManifest(
            name: "007",
            type: "sqlite",
            settings: ["a": "yes", "b": "0123", "c": "1e3", "d": ""],
            credential: ""
          )
        )
      ]
    )
  }

  @Test(arguments: [
    // Unknown keys: file, line, key, what is allowed, a guess.
    (
      "kind: Sync\nname: a\nsource: b\ntabel: t\ndata: events",
      "shop.yaml: line 4: unknown key \"tabel\" in a Sync; did you mean \"table\"? it may have: kind, name, source, table, query, data, destination, schedule, timeZone, contacts, options"
    ),
    (
      "kind: Source\nname: a\ntype: sqlite\nsetings: {}",
      "shop.yaml: line 4: unknown key \"setings\" in a Source; did you mean \"settings\"? it may have: kind, name, type, settings, credential"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\noptions: { xyzzy: 1 }",
      "shop.yaml: line 6: unknown key \"xyzzy\" in a Sync's options; it may have: overlap, updateExistingOnly, rowLimit, maxRejectedPercent, maxDeletes, unusualVolumeFactor, alertRejectedPercent, alertSuccess, skipUnchanged"
    ),
    // Kinds.
    (
      "kind: Snyc\nname: a",
      "shop.yaml: line 1: there is no kind \"Snyc\"; did you mean \"Sync\"?; the kinds are: Credential, Source, Sync"
    ),
    (
      "kind: Destination\nname: a",
      "shop.yaml: line 1: kind \"Destination\" is not built yet; this version has: Credential, Source, Sync"
    ),
    (
      "name: a",
      "shop.yaml: line 1: the document needs \"kind\", one of Credential, Source, Sync"
    ),
    (
      "- a\n- b",
      "shop.yaml: line 1: a document must be a mapping with \"kind\", not a list"
    ),
    ("", "shop.yaml: it holds no document"),
    ("# nothing\n", "shop.yaml: it holds no document"),
    // What is missing.
    (
      "kind: Source\ntype: sqlite", "shop.yaml: line 1: a Source needs \"name\""
    ),
    (
      "kind: Source\nname: a",
      "shop.yaml: line 1: a Source needs \"type\": such as postgresql or sqlite"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ndata: events",
      "shop.yaml: line 1: a Sync needs \"table\" (a table or view) or \"query\" (one SELECT)"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\nquery: SELECT 1\ndata: events",
      "shop.yaml: line 5: a Sync has \"table\" or \"query\", not both"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t",
      "shop.yaml: line 1: a Sync needs \"data\": one of attributes, events, purchases, deletes"
    ),
    (
      "kind: Credential\nname: a\ntype: password",
      "shop.yaml: line 1: a password needs \"secretFile\", the file of the password, or - for standard input"
    ),
    // Wrong types and values.
    (
      "kind: Source\nname: [a]\ntype: sqlite",
      "shop.yaml: line 2: \"name\" must be text, not a list"
    ),
    (
      "kind: Source\nname: \"\"\ntype: sqlite", "shop.yaml: line 2: \"name\" must not be empty"
    ),
    (
      "kind: Source\nname: a\ntype: sqlite\nsettings: warehouse.db",
      "shop.yaml: line 4: \"settings\" must be a mapping of names and values, not a single value"
    ),
    (
      "kind: Source\nname: a\ntype: sqlite\nsettings: { path: [a] }",
      "shop.yaml: line 4: \"settings\": the value of \"path\" must be text, not a list"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: event",
      "shop.yaml: line 5: \"data\" must be one of attributes, events, purchases, deletes, not \"event\"; did you mean \"events\"?"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\ncontacts: a@example.com",
      "shop.yaml: line 6: \"contacts\" must be a list, such as [a, b], not a single value"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\nschedule: hourly",
      "shop.yaml: line 6: \"schedule\" must be manual, { every: 15m } or { cron: \"0 3 * * *\" }, not \"hourly\""
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\nschedule: { every: 15 }",
      "shop.yaml: line 6: \"every\" must be a number with a unit (s, m, h or d), such as 90s, 15m, 1h30m or 7d, not \"15\""
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\nschedule: { cron: \"0 3\" }",
      "shop.yaml: line 6: \"cron\" must have five fields (minute, hour, day, month, weekday), not 2"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\nschedule: { every: 1m, cron: a b c d e }",
      "shop.yaml: line 6: \"schedule\" must be manual, { every: 15m } or { cron: \"0 3 * * *\" }"
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\noptions: { overlap: soon }",
      "shop.yaml: line 6: \"overlap\" must be a number with a unit (s, m, h or d), such as 90s, 15m, 1h30m or 7d, not \"soon\""
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\noptions: { overlap: 99999999999999999999d }",
      "shop.yaml: line 6: \"overlap\" must be a number with a unit (s, m, h or d), such as 90s, 15m, 1h30m or 7d, not \"99999999999999999999d\""
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\noptions: { updateExistingOnly: maybe }",
      "shop.yaml: line 6: \"updateExistingOnly\" must be true or false, not \"maybe\""
    ),
    (
      "kind: Sync\nname: a\nsource: b\ntable: t\ndata: events\noptions: { rowLimit: 0 }",
      "shop.yaml: line 6: \"rowLimit\" must be a whole number from 1 to 500000000, not \"0\""
    ),
    (
      "kind: Credential\nname: a\ntype: token",
      "shop.yaml: line 1: a token needs \"secretFile\", the file of the token, or - for standard input"
    ),
    (
      "kind: Credential\nname: a\ntype: ssh_key_pair\nsecretFile: x",
      "shop.yaml: line 4: an ssh_key_pair has no \"secretFile\": the vault makes the pair itself"
    ),
    (
      "kind: Credential\nname: a\ntype: key_pair\nkeyBits: 1024",
      "shop.yaml: line 4: \"keyBits\" must be a whole number from 2048 to 4096, not \"1024\""
    ),
    (
      "kind: Credential\nname: a\ntype: password\nsecretFile: no-such-file",
      "shop.yaml: line 4: Credential \"a\": secret file: cannot read no-such-file: no such file or directory"
    ),
    // Not YAML at all.
    (
      "kind: Source\nname: a\nname: b\ntype: sqlite",
      "shop.yaml: line 2: a key stands twice in one mapping: \"name\""
    ),
    (
      "kind: Source\n name: {",
      "shop.yaml: line 2: it is not YAML: mapping values are not allowed in this context (column 6)"
    ),
  ]) func `what is wrong is named with its place`(_ yaml: String, _ expected: String) {
    #expect(problems(yaml).first == expected)
  }

  @Test func `every problem of every document is found, each with its document`() {
    let found = problems(
      """
      kind: Source
      name: a
      tpye: sqlite
      ---
      kind: Sync
      name: b
      source: a
      data: evnts
      """
    )
    #expect(
      found == [
        "shop.yaml: document 1, line 3: unknown key \"tpye\" in a Source; did you mean \"type\"? it may have: kind, name, type, settings, credential",
        "shop.yaml: document 1, line 1: a Source needs \"type\": such as postgresql or sqlite",
        "shop.yaml: document 2, line 5: a Sync needs \"table\" (a table or view) or \"query\" (one SELECT)",
        "shop.yaml: document 2, line 8: \"data\" must be one of attributes, events, purchases, deletes, not \"evnts\"; did you mean \"events\"?",
      ]
    )
  }

  @Test func `an object that stands twice is refused, because one of the two would be lost`() {
    let source = "kind: Source\nname: a\ntype: sqlite"
    #expect(
      problems(source + "\n---\n" + source) == [
        "shop.yaml: document 2, line 5: Source \"a\" stands twice, also in document 1"
      ]
    )
  }

  @Test func `text that is not UTF-8 is said to be so`() {
    var parser = ManifestParser(secrets: SecretFile(standardInput: { [] }))
    parser.read([0x6B, 0xFF, 0xFE], file: "x.yaml")
    #expect(parser.problems == ["x.yaml: it is not UTF-8 text"])
  }

  @Test func `documents that hold nothing are passed over`() throws {
    #expect(try parse("---\n---\nkind: Source\nname: a\ntype: sqlite\n---\n").count == 1)
  }

  @Test(arguments: [
    ("secret", "secret"), ("secret\n", "secret"), ("secret\n\n", "secret\n"), (" a b ", " a b "),
    ("\n\n", "\n"), ("s\r\n", "s\r"),
  ]) func `exactly one newline at the end of a secret is taken off`(
    _ file: String,
    _ secret: String
  ) throws {
    var secrets = SecretFile(standardInput: { Array(file.utf8) })
    let read = try secrets.read("-", relativeTo: "", owner: "credential \"a\"")
    #expect(read.bytes == Array(secret.utf8))
  }

  @Test func `an empty secret, an oversized one and a second reader of standard input are refused`()
  {
    var secrets = SecretFile(standardInput: { [0x0A] })
    #expect(throws: CommandFailure.self) {
      _ = try secrets.read("-", relativeTo: "", owner: "a")
    }
    let long = [UInt8](repeating: 0x61, count: SecretFile.limit + 1)
    var large = SecretFile(standardInput: { long })
    #expect(throws: CommandFailure.self) { _ = try large.read("-", relativeTo: "", owner: "a") }
    var twice = SecretFile(standardInput: { [0x61] })
    twice.standardInputHoldsManifest()
    #expect(throws: CommandFailure.self) { _ = try twice.read("-", relativeTo: "", owner: "a") }
  }

  @Test func `a secret prints as dots, however it is printed`() {
    let secret = SecretText(bytes: Array("geheim".utf8))
    let manifest = CredentialManifest(name: "a", type: .password, secret: secret)
    var dumped = ""
    dump(manifest, to: &dumped)
    for text in ["\(secret)", "\(manifest)", String(reflecting: manifest), dumped] {
      #expect(!text.contains("geheim"))
      #expect(!text.contains("103"))
    }
  }
}
