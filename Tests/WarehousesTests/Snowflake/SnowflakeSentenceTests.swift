import Foundation
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: the sentences of docs/warehouses/snowflake.md are those that a user reads")
struct SnowflakeSentenceTests {
  /// The rows of the page's table: situation, code, sentence.
  static let page: [[String]] = {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let file = root.appendingPathComponent("docs/warehouses/snowflake.md")
    let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    let section = text.components(separatedBy: "\n## ").first { $0.hasPrefix("Messages\n") } ?? ""
    return section.components(separatedBy: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map {
      $0.dropFirst(2).dropLast(2).components(separatedBy: " | ")
    }
  }()

  @Test("the page has a row for each situation, and no other")
  func rows() {
    #expect(Self.page.map(\.first) == SnowflakeSituation.all.map(\.name))
    #expect(Self.page.allSatisfy { $0.count == 3 })
  }

  @Test("the sentence of each situation", arguments: SnowflakeSituation.all.indices)
  func sentence(index: Int) async throws {
    let situation = SnowflakeSituation.all[index]
    let (failure, fixture) = try await situation.failure()
    let said = Self.canonical(failure.message, fixture)
    let row = Self.page.first { $0.first == situation.name }
    #expect(
      row == [situation.name, "`\(failure.code)`", said],
      "the page should say: | \(situation.name) | `\(failure.code)` | \(said) |"
    )
  }

  /// With the account, port, clock and ids of the page's example.
  static func canonical(_ text: String, _ fixture: SnowflakeFixture) -> String {
    var text = text
    for (pattern, replacement) in [
      (
        fixture.account.lowercased() + "\\.snowflakecomputing\\.localhost",
        "myorg-acct.snowflakecomputing.com"
      ),
      (":\(fixture.emulator.facts.port)", ""), ("clock is \\d+ s", "clock is 500 s"),
      (
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "0f6c1b2a-1111-4222-8333-444455556666"
      ),
    ] {
      text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
    }
    return text
  }
}
