import RPC
import SQLDatabase
import TestSupport
import Testing
import VaultAPI

@testable import Vault

/// Every row of a vault's database at one moment, to be changed and put back.
struct Scene: Sendable {
  /// By table.
  var rows: [String: [[SQLValue]]] = [:]

  init(of database: any SQLDatabase) async throws {
    rows = try await database.read { connection in
      var rows: [String: [[SQLValue]]] = [:]
      for table in VaultTable.all {
        rows[table.name] = []
        try table.forEachRow(in: connection) { rows[table.name, default: []].append($0) }
      }
      return rows
    }
  }

  /// A table whose rows a thief is changing.
  struct Edit {
    var rows: [[SQLValue]]

    mutating func remove(_ indices: Int...) {
      for index in indices.sorted(by: >) { rows.remove(at: index) }
    }
  }

  /// Puts these rows into the database, in the place of all others, whatever refers to them.
  func restore(_ rows: [String: [[SQLValue]]]? = nil, in database: any SQLDatabase) async throws {
    let rows = rows ?? self.rows
    try await database.transaction { connection in
      try connection.execute(
        VaultHouse.isOnPostgreSQL
          ? "SET LOCAL session_replication_role = replica" : "PRAGMA defer_foreign_keys = ON"
      )
      for table in VaultTable.all.reversed() { try connection.execute("DELETE FROM \(table.name)") }
      for table in VaultTable.all {
        for row in rows[table.name] ?? [] { try table.insert(row, in: connection) }
      }
    }
  }

  /// Makes an edit, sees that the vault notices, and puts everything back.
  func `try`(
    _ name: String,
    in house: VaultHouse,
    _ database: any SQLDatabase,
    _ table: VaultTable,
    _ change: (inout Edit) -> Void
  ) async throws {
    var edit = Edit(rows: try #require(rows[table.name]))
    change(&edit)
    var all = rows
    all[table.name] = edit.rows
    try await expect(all, name, in: house, database, table)
  }

  /// Sees that a vault over these rows answers no call, or at least says what is wrong.
  func expect(
    _ changed: [String: [[SQLValue]]],
    _ name: String,
    in house: VaultHouse,
    _ database: any SQLDatabase,
    _ table: VaultTable
  ) async throws {
    do {
      try await restore(changed, in: database)
    } catch let error as SQLError where error.kind == .constraint {
      // The database itself does not take such rows.
      return
    }
    let before = house.log.lines.count
    let vault: VaultCaller
    do {
      vault = try await house.open(database).1
    } catch {
      // It does not even unlock.
      try await restore(in: database)
      return
    }
    let said = house.log.lines.dropFirst(before)
    #expect(said.contains { $0.hasPrefix("critical the vault is damaged") }, "\(name)")
    let problems = try? await vault.problems()
    #expect(problems?.isEmpty != true, "\(name)")
    // Of the audit log each call looks at the last entry only; the whole chain is `verify`'s.
    let isInside =
      table.name == VaultTable.audit.name
      && last(of: changed[table.name]) == last(of: rows[table.name])
    if !isInside {
      for (call, answer) in await VaultWitness.given(vault) {
        #expect(answer == .refused(.dataLoss), "\(name): \(call): \(answer)")
      }
      for (call, answer) in await VaultWitness.shown(vault) {
        #expect(answer == .refused(.dataLoss), "\(name): \(call): \(answer)")
      }
    }
    try await restore(in: database)
  }

  /// The audit log's last entry.
  private func last(of rows: [[SQLValue]]?) -> [SQLValue]? {
    rows?.max { one, other in
      guard case .integer(let first) = one[0], case .integer(let second) = other[0] else {
        return false
      }
      return first < second
    }
  }
}

extension VaultTable {
  private var keyColumns: [Int] {
    let names = key.split(separator: ", ").map(String.init)
    return columns.indices.filter { names.contains(columns[$0].name) }
  }

  /// Two rows with each other's keys.
  func swapped(_ one: [SQLValue], _ other: [SQLValue]) -> ([SQLValue], [SQLValue]) {
    var (one, other) = (one, other)
    for column in keyColumns {
      let value = one[column]
      one[column] = other[column]
      other[column] = value
    }
    return (one, other)
  }

  /// The row under another key; nil where there can be one row only.
  func copied(_ row: [SQLValue]) -> [SQLValue]? {
    guard let column = keyColumns.last, columns[column].name != "only_row" else { return nil }
    var copy = row
    switch copy[column] {
    case .integer(let number): copy[column] = .integer(number + 1)
    case .text(let text): copy[column] = .text(text + "x")
    default: return nil
    }
    return copy
  }
}
