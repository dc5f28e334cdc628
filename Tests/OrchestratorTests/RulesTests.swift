import Glibc
import OrchestratorAPI
import RPC
import TestSupport
import Testing
import Warehouse

@testable import Orchestrator

@Suite("What a user may write")
struct RulesTests {
  @Test("names", arguments: ["a", "A-1_b.c", String(repeating: "x", count: 128)])
  func names(_ name: String) { #expect(Name.isValid(name)) }

  @Test(
    "names that are none",
    arguments: ["", "a b", "a/b", "ü", "a\n", String(repeating: "x", count: 129)]
  )
  func badNames(_ name: String) { #expect(!Name.isValid(name)) }

  @Test(
    "schedules, in their one form",
    arguments: [
      ("", "manual"), ("manual", "manual"), ("every 15m", "every 15m"), ("every  6h", "every 6h"),
      ("every 31d", "every 31d"), ("cron 0 3 * * *", "cron 0 3 * * *"),
      ("cron */15 8-18 1,15 jan-jun mon-fri", "cron */15 8-18 1,15 jan-jun mon-fri"),
      ("cron 59 23 31 12 7", "cron 59 23 31 12 7"),
    ]
  )
  func schedules(_ text: String, _ form: String) throws {
    #expect(try ScheduleText.validated(text, shortest: 5) == form)
  }

  @Test(
    "schedules that are none are named (R140: 5 minutes to a month)",
    arguments: [
      "hourly", "every", "every 4m", "every 32d", "every 15", "every m", "every -5m", "every 15s",
      "every +15m", "every 99999999999999999999m", "cron", "cron 0 3 * *", "cron 60 3 * * *",
      "cron 0 24 * * *", "cron 0 3 0 * *", "cron 0 3 * 13 *", "cron 0 3 * * 8",
      "cron 5-1 3 * * *", "cron */0 3 * * *", "cron 1-2-3 3 * * *", "cron , 3 * * *",
      "cron +5 3 * * *", "manual now",
    ]
  )
  func badSchedules(_ text: String) {
    let error = #expect(throws: RPCError.self) { try ScheduleText.validated(text, shortest: 5) }
    #expect(error?.reason == "invalid_schedule")
    #expect(error?.message.contains(text) == true)
  }

  @Test(
    "contacts",
    arguments: ["ops@example.com", "a.b+c@mail.example.co.uk", "root@localhost", "ö@exämple.de"]
  )
  func contacts(_ address: String) { #expect(MailAddress.isPlausible(address)) }

  @Test(
    "contacts that cannot be",
    arguments: [
      "", "ops", "@example.com", "ops@", "a@b@c", "a b@example.com", "ops@.com", "ops@example.",
      "ops@example.com\r\nBcc: x@y.z", "<ops@example.com>", "a,b@example.com", "ops@-a.b",
      String(repeating: "a", count: 65) + "@b.c", "a@" + String(repeating: "b.", count: 200) + "c",
    ]
  )
  func badContacts(_ address: String) { #expect(!MailAddress.isPlausible(address)) }

  @Test("time zones are looked up where the system keeps them")
  func timeZones() throws {
    let directory = try TemporaryDirectory()
    for (name, text) in [("Town", "TZif2 and so on"), ("leapseconds", "not a zone")] {
      let file = try #require(fopen(directory.file(name), "w"))
      fputs(text, file)
      fclose(file)
    }
    #expect(TimeZoneName.isKnown("Town", directory: directory.path))
    #expect(TimeZoneName.isKnown("UTC", directory: directory.path))
    #expect(!TimeZoneName.isKnown("leapseconds", directory: directory.path))
    #expect(!TimeZoneName.isKnown("Mars/Base", directory: directory.path))
    // A slim image has no database: the form must do.
    #expect(TimeZoneName.isKnown("America/New_York", directory: directory.path + "/none"))
  }

  @Test(
    "time zones that leave the directory, or cannot be",
    arguments: [
      "", "../etc/passwd", "/etc", "Europe//Berlin", "Europe/", "a/b/c/d", "Euro pe", ".",
    ]
  )
  func badTimeZones(_ name: String) { #expect(!TimeZoneName.isWellFormed(name)) }

  struct Case: Sendable, CustomTestStringConvertible {
    var reason: String
    var says: String
    var change: @Sendable (inout Sync) -> Void
    var testDescription: String { reason + ": " + says }
  }

  @Test(
    "a sync that cannot be is refused with field, value and remedy",
    arguments: [
      Case(reason: "invalid_name", says: "\"a b\"") { $0.name = "a b" },
      Case(reason: "invalid_name", says: "missing") { $0.name = "" },
      Case(reason: "invalid_name", says: "the source of sync \"purchases\"") { $0.source = "" },
      Case(reason: "invalid_name", says: "the workspace") { $0.workspace = "no such!" },
      Case(reason: "invalid_data", says: "attributes, events") { $0.data = .unspecified },
      Case(reason: "invalid_selection", says: "it has none") { $0.table = "" },
      Case(reason: "invalid_selection", says: "not both") { $0.query = "SELECT 1" },
      Case(reason: "invalid_selection", says: "NUL") { $0.table = "a\u{0}b" },
      Case(reason: "invalid_selection", says: "longer") {
        $0.table = String(repeating: "t", count: 1001)
      },
      Case(reason: "destination_not_built", says: "not built yet") { $0.destination = "braze" },
      Case(reason: "invalid_time_zone", says: "\"Mars/Base\"") { $0.timeZone = "Mars/Base" },
      Case(reason: "invalid_contact", says: "\"ops\"") { $0.contacts = ["ops"] },
      Case(reason: "invalid_contact", says: "too many") {
        $0.contacts = Array(repeating: "a@b.c", count: 51)
      },
      Case(reason: "invalid_overlap", says: "-1") { $0.options = SyncOptions(overlapNs: -1) },
      Case(reason: "invalid_overlap", says: "31 days") {
        $0.options = SyncOptions(overlapNs: .max)
      },
      Case(reason: "invalid_row_limit", says: "-5") { $0.options = SyncOptions(rowLimit: -5) },
      Case(reason: "invalid_schedule", says: "sometimes") { $0.schedule = "sometimes" },
    ]
  )
  func syncs(_ example: Case) {
    var sync = House.sync
    example.change(&sync)
    let error = #expect(throws: RPCError.self) { try SyncRules.validated(sync) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.reason == example.reason)
    #expect(error?.message.contains(example.says) == true)
  }

  @Test("what is left out has its default")
  func defaults() throws {
    let sync = try SyncRules.validated(
      Sync(name: "s", source: "shop", query: "SELECT 1", data: .events)
    )
    #expect(sync.workspace == "default")
    #expect(sync.destination == "profiles")
    #expect(sync.schedule == "manual")
    #expect(sync.timeZone == "UTC")
    #expect(sync.effectiveOverlap == 600_000_000_000)
    #expect(sync.effectiveRowLimit == 500_000_000)
    #expect(sync.selection == .query("SELECT 1"))
  }

  @Test("two tested settings read the same only when they are the same")
  func fingerprint() throws {
    let sync = try SyncRules.validated(House.sync)
    func made(_ settings: [String: String], version: UInt32 = 1) -> TestedSettings {
      TestedSettings(
        source: StoredSource(
          workspace: "default",
          name: "shop",
          type: "t",
          settings: settings,
          credential: "c"
        ),
        sync: sync,
        credentialVersion: version
      )
    }
    #expect(made(["a": "b", "c": "d"]) == made(["c": "d", "a": "b"]))
    #expect(made(["a": "b", "c": "d"]) != made(["a": "bc", "": "d"]))
    #expect(made(["a": "b"]) != made(["a": "b"], version: 2))
  }
}
