import Foundation
import SyncModel
import Testing
import Warehouse

@testable import Warehouses

/// Every message that a user can meet, word by word as docs/warehouses/databricks.md shows it.
@Suite("Databricks: every message, as the page shows it")
struct DatabricksMessageTests {
  @Test("each situation says what its row says", arguments: DatabricksSituation.all)
  func says(situation: DatabricksSituation) async throws {
    let bench = try await DatabricksBench()
    let said = try #require(try await situation.provoke(bench), "nothing was said")
    let shown = bench.shown(said)
    #expect(shown == (try MessagePage.rows())[situation.name])
  }

  @Test("the page has these rows and no others, and each says what to do")
  func complete() throws {
    let rows = try MessagePage.rows()
    #expect(Set(rows.keys) == Set(DatabricksSituation.all.map(\.name)))
    #expect(rows.count == DatabricksSituation.all.count)
    for (name, row) in rows {
      #expect(row.text.utf8.count > 20 && !row.text.hasSuffix("."), "\(name)")
    }
  }
}

/// The table under `## Messages`.
private enum MessagePage {
  static func rows() throws -> [String: DatabricksSituation.Said] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("docs/warehouses/databricks.md"),
      encoding: .utf8
    )
    let sections = page.split(separator: "\n## ")
    let section = try #require(sections.first { $0.hasPrefix("Messages\n") })
    var rows: [String: DatabricksSituation.Said] = [:]
    for line in section.split(separator: "\n") where line.hasPrefix("| ") {
      let cells = line.dropFirst(2).split(separator: " | ")
      guard cells.count == 3, cells[1].hasPrefix("`") else { continue }
      rows[String(cells[0])] = DatabricksSituation.Said(
        code: String(cells[1].dropFirst().dropLast()),
        text: String(cells[2].dropLast(2))
      )
    }
    return rows
  }
}
