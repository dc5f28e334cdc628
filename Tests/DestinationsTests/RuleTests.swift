import Destination
import Destinations
import Foundation
import SyncModel
import TestSupport
import Testing

/// Plays one case against a store of its own, and says what is not as it should be.
private struct RulePlay {
  let harness: StoreHarness
  let `case`: RuleCase
  var syncs: [SyncModel.DataType: SyncPlayer] = [:]
  var mismatches: [String] = []

  init(_ harness: StoreHarness, _ rule: RuleCase) {
    self.harness = harness
    self.case = rule
  }

  mutating func play() async throws {
    for row in `case`.rows {
      let (outcome, codes) = try await send(row)
      if outcome != row.outcome || codes != row.codes {
        mismatches.append(
          "line \(row.line): \(outcome) \(codes.joined(separator: " ")), not \(row.outcome) "
            + row.codes.joined(separator: " ")
        )
      }
    }
    let export = try await harness.export(withEvents: true)
    if !`case`.profiles.isEmpty, export.count != `case`.profiles.count {
      mismatches.append("there are \(export.count) profiles: \(export)")
    }
    for (found, wanted) in zip(export, `case`.profiles) {
      try compare(object(found), object(wanted), found)
    }
    for fragment in `case`.fragments where !export.contains(where: { $0.contains(fragment) }) {
      mismatches.append("no profile contains \(fragment): \(export.map { $0.prefix(400) })")
    }
  }

  private mutating func send(_ row: RuleCase.Row) async throws -> (String, [String]) {
    let player: SyncPlayer
    if let known = syncs[row.data] {
      player = known
    } else {
      player = harness.sync(
        row.data.rawValue,
        row.data,
        overlap: .max,
        updateExistingOnly: `case`.existingOnly
      )
      try await player.begin()
      syncs[row.data] = player
    }
    let owned = try await owned(row)
    let number = player.next
    let receipt: BatchReceipt
    do {
      receipt = try await player.send(owned)
    } catch let failure as Failure {
      return ("failed", [failure.code])
    }
    var codes: [String] = []
    var warnings: Int64 = 0
    try await harness.store.rejectedRows(
      RowLogQuery(workspace: "default", sync: row.data.rawValue, withWarnings: true)
    ) { entry in
      guard entry.batchNumber == number else { return }
      codes.append(entry.issue.code)
      if entry.isWarning { warnings = 1 }
    }
    if receipt.warnings != warnings { codes.append("warnings: \(receipt.warnings)") }
    let text = receipt.counts.text
    return (text.hasSuffix(": 1") ? String(text.dropLast(3)) : text, codes)
  }

  private func owned(_ row: RuleCase.Row) async throws -> OwnedRow {
    var brazeID = row.columns["braze_id"]
    if let id = brazeID, id.hasPrefix("@") {
      brazeID =
        try await harness.profile(.externalID(String(id.dropFirst())))?["braze_id"] as? String
    }
    return OwnedRow(
      updatedAt: row.updatedAt,
      externalID: row.columns["external_id"],
      aliasName: row.columns["alias_name"],
      aliasLabel: row.columns["alias_label"],
      brazeID: brazeID,
      email: row.columns["email"],
      phone: row.columns["phone"],
      payload: row.payload
    )
  }

  private func object(_ text: String) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [String: Any])
  }

  private func canonical(_ value: Any) throws -> Data {
    try JSONSerialization.data(withJSONObject: [value], options: .sortedKeys)
  }

  private mutating func compare(
    _ found: [String: Any],
    _ wanted: [String: Any],
    _ text: String
  ) throws {
    for (name, value) in wanted {
      if name.hasPrefix("-") {
        if found[String(name.dropFirst())] != nil {
          mismatches.append("\(name.dropFirst()) should be absent: \(text.prefix(2_000))")
        }
      } else if try canonical(found[name] ?? NSNull()) != canonical(value) {
        mismatches.append("\(name) is not \(value): \(text.prefix(2_000))")
      }
    }
  }
}

@Suite("The rules, case by case")
struct RuleTests {
  @Test("cases of Tests/Rules", arguments: RuleCase.all)
  func rule(_ rule: RuleCase) async throws {
    var mismatches: [String] = []
    try await StoreHarness.with(policy: rule.policy) { harness in
      var play = RulePlay(harness, rule)
      try await play.play()
      mismatches = play.mismatches
    }
    #expect(mismatches.isEmpty)
    RuleResults.write(rule, passed: mismatches.isEmpty)
  }

  @Test("there are cases, and each cites a rule")
  func complete() {
    #expect(RuleCase.all.count > 90)
    for rule in RuleCase.all {
      #expect(!rule.rows.isEmpty && rule.rules.allSatisfy { $0.hasPrefix("R") }, "\(rule.place)")
      #expect(!rule.rows.contains { $0.updatedAt == 0 }, "\(rule.place)")
    }
  }
}

/// How each case ended, for scripts/rule-coverage: lines of rules, place, title and result.
private enum RuleResults {
  static func write(_ rule: RuleCase, passed: Bool) {
    guard let path = ProcessInfo.processInfo.environment["SLUICE_RULE_RESULTS"] else { return }
    let line =
      "\(rule.rules.joined(separator: " "))\t\(rule.place)\t\(rule.title)\t\(passed ? "pass" : "fail")\n"
    guard let file = fopen(path, "a") else { return }
    // One write of a short line in append mode: lines of tests that run at once stay whole.
    fputs(line, file)
    fclose(file)
  }
}
