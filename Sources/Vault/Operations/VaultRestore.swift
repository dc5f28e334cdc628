import RPC
import SQLDatabase
import SyncModel
import VaultAPI

/// Puts a backup in the place of an empty vault: all of it, checked, or nothing.
struct VaultRestore: Sendable {
  let rows: [(VaultTable, [SQLValue])]
  let unlocking: VaultUnlocking

  func run(
    _ peer: PeerIdentity?,
    now: Timestamp,
    in connection: any SQLConnection
  ) throws -> VaultKeys {
    let isEmpty = try connection.first("SELECT 1 FROM credential LIMIT 1", [], { _ in true }) == nil
    guard isEmpty else {
      throw RPCError(
        .failedPrecondition,
        "this vault holds credentials; a backup is restored into an empty one (another "
          + "SLUICE_DATA, or another database)",
        reason: "vault_not_empty"
      )
    }
    for table in VaultTable.all.reversed() {
      try connection.execute("DELETE FROM \(table.name)")
    }
    do {
      for (table, values) in rows { try table.insert(values, in: connection) }
    } catch let error as SQLError where error.kind == .constraint {
      throw RPCError.invalid(
        "the backup cannot be restored: its rows do not belong together",
        reason: "invalid_backup",
      )
    }
    guard let vaultID = try VaultUnlocking.vaultID(in: connection) else {
      throw RPCError.invalid(
        "the backup cannot be restored: there is no vault in it",
        reason: "invalid_backup"
      )
    }
    let (keys, isFirstForm) = try unlocking.open(vaultID, in: connection)
    let check = isFirstForm ? nil : try VaultCheck.run(keys, in: connection)
    guard let check, check.problems.isEmpty else {
      let problem = check?.problems.first ?? "it has no manifest"
      throw RPCError(
        .dataLoss,
        "the backup was changed since it was made: \(problem)",
        reason: "damaged_backup"
      )
    }
    let change = try VaultTransaction(keys, peer: peer, now: now, in: connection)
    try change.audit(.restored, detail: "a backup of generation \(check.generation)")
    change.skipGenerations(CredentialVault.generationsAfterRestore)
    try change.finish()
    return keys
  }
}
