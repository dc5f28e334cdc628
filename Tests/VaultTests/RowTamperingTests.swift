import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import VaultAPI

@testable import Vault

/// A thief with write access to the database (threat T2) who only moves, removes or repeats what is
/// there: rows that trade places, rows that are gone, rows of last week.
@Suite("Vault: rows that are moved, removed or put back")
struct RowTamperingTests {
  typealias Row = [SQLValue]

  @Test("Every pair of rows of every table that trade places is noticed")
  func swaps() async throws {
    try await Self.tampering { house, database, scene in
      var swaps = 0
      for table in VaultTable.all {
        let rows = try #require(scene.rows[table.name])
        for first in rows.indices {
          for second in rows.indices where first < second {
            let (one, other) = table.swapped(rows[first], rows[second])
            guard one != rows[first] else { continue }
            swaps += 1
            try await scene.try("\(table.name): \(first) for \(second)", in: house, database, table)
            {
              $0.remove(first, second)
              $0.rows += [one, other]
            }
          }
        }
      }
      // 7 credentials, 8 secrets, 2 holders, 2 users, and the 16 of the audit log.
      #expect(swaps == 21 + 28 + 1 + 1 + 120)
    }
  }

  @Test("Every row that is deleted is missed, and every one that is there twice is too much")
  func deletions() async throws {
    try await Self.tampering { house, database, scene in
      for table in VaultTable.all {
        let rows = try #require(scene.rows[table.name])
        #expect(!rows.isEmpty)
        for index in rows.indices {
          try await scene.try("\(table.name) without \(index)", in: house, database, table) {
            $0.remove(index)
          }
        }
        try await scene.try("\(table.name) without any row", in: house, database, table) {
          $0.rows = []
        }
        guard let last = rows.last, let copy = table.copied(last) else { continue }
        try await scene.try("\(table.name) with one more", in: house, database, table) {
          $0.rows.append(copy)
        }
      }
    }
  }

  @Test(
    "Secrets without their credential do not bring back what is deleted",
    .enabled(if: !VaultHouse.isOnPostgreSQL, "it uses SQLite's own command")
  )
  func orphans() async throws {
    let house = try VaultHouse()
    try await house.run { try await VaultWitness.furnish($0) }
    // The command does not look after foreign keys, as little as a thief does.
    let (status, output) = try ChildProcess.run([
      "sqlite3", house.databasePath,
      "DELETE FROM credential WHERE name = 'shop-db' AND workspace = 'default'",
    ])
    #expect(status == 0, "\(output)")
    try await house.run { (vault) async throws in
      for (call, answer) in await VaultWitness.given(vault) {
        #expect(answer == .refused(.dataLoss), "\(call): \(answer)")
      }
      #expect(try await refusal { try await vault.put(password: "new") }.code == .dataLoss)
      #expect(try await !vault.problems().isEmpty)
    }
  }

  @Test("Rows of an older copy are noticed, a table's alone and all but one table's")
  func olderRows() async throws {
    let house = try VaultHouse()
    try await house.withVault { _, vault, database in
      try await VaultWitness.furnish(vault)
      let older = try await Scene(of: database)
      try await vault.put(password: "third password")
      try await vault.prove(2)
      try await vault.promote()
      _ = try await vault.signSnowflake("frost", account: "second-account")
      _ = try await vault.asOrchestrator.dropCredential(
        DropCredentialRequest(workspace: "default", name: "shop-db", holder: "orders")
      )
      _ = try await vault.operations.rotateRootKey(RotateRootKeyRequest())
      let scene = try await Scene(of: database)
      var tried = 0
      for table in VaultTable.all where older.rows[table.name] != scene.rows[table.name] {
        tried += 1
        var alone = scene.rows
        alone[table.name] = older.rows[table.name]
        try await scene.expect(alone, "older \(table.name)", in: house, database, table)
        var others = older.rows
        others[table.name] = scene.rows[table.name]
        try await scene.expect(others, "all older but \(table.name)", in: house, database, table)
      }
      // Only the vault's identity never changes.
      #expect(tried == VaultTable.all.count - 1)
    }
  }

  @Test("An older copy of everything is seen by the generation that goes out with every answer")
  func olderCopy() async throws {
    let house = try VaultHouse()
    let (older, seen, id) = try await house.withVault { _, vault, database in
      try await vault.put(password: "first password")
      let older = try await Scene(of: database)
      let before = try await Self.generation(vault)
      try await vault.put(password: "second password")
      _ = try await vault.release()
      let after = try await Self.generation(vault)
      // A put, a release: each counts.
      #expect(after.generation >= before.generation + 2)
      return (older, after.generation, after.id)
    }
    try await house.withDatabase { try await older.restore(in: $0) }
    try await house.run { vault in
      // It is whole in itself: a thief's copy, or a restored disk. Nobody but a witness can tell.
      #expect(try await vault.problems().isEmpty)
      #expect(try await vault.release().secret == Array("first password".utf8))
      let now = try await Self.generation(vault)
      #expect(now.id == id)
      #expect(now.generation < seen)
      let status = try await vault.operations.getVaultStatus(GetVaultStatusRequest())
      #expect(status.generation == UInt64(now.generation))
    }
  }

  private static func generation(_ vault: VaultCaller) async throws -> (id: String, generation: Int)
  {
    let response = ResponseMetadata()
    var options = CallOptions()
    options.response = response
    _ = try await vault.asOperator.getCredential(
      GetCredentialRequest(workspace: "default", name: "shop-db"),
      options: options
    )
    let id = try #require(response.trailing.first("sluice-vault-id"))
    let text = try #require(response.trailing.first("sluice-vault-generation"))
    return (id, try #require(Int(text)))
  }

  /// Lends a furnished vault's rows; afterwards everything is as it was.
  private static func tampering(_ body: (VaultHouse, any SQLDatabase, Scene) async throws -> Void)
    async throws
  {
    let house = try VaultHouse()
    try await house.withVault { _, vault, database in
      try await VaultWitness.furnish(vault)
      let scene = try await Scene(of: database)
      let truth = await VaultWitness.given(vault)
      #expect(!truth.values.contains { if case .refused = $0 { true } else { false } })
      for (name, workspace, _, secret) in VaultWitness.secrets {
        let answer = try #require(truth["release \(name) of \(workspace)"])
        #expect("\(answer)".hasSuffix(secret))
      }
      try await scene.restore(in: database)
      try await body(house, database, scene)
      try await scene.restore(in: database)
      #expect(try await vault.problems().isEmpty)
      #expect(await VaultWitness.given(vault) == truth)
    }
  }
}
