import Logging
import RPC
import SQLDatabase
import SyncModel
import VaultAPI
import Warehouse

/// Tells the vault which credentials active syncs use, so that none of them can be deleted (R144).
///
/// What the vault was told is kept here; a stop between telling and doing leaves too much held, never
/// too little, and `reconcile` mends that.
struct CredentialHolds: Sendable {
  struct Hold: Sendable, Hashable {
    var workspace: String
    var credential: String
    var sync: String
  }

  let desk: CredentialDesk
  let warehouses: WarehouseRegistry
  let database: any SQLDatabase
  let logger: Logger

  /// Before a sync becomes active.
  /// - Throws: `Failure` when the vault cannot be told.
  func hold(_ sync: StoredSync, of source: StoredSource) async throws {
    for use in source.credentialUses(of: try warehouses.driver(source.type)) {
      let hold = Hold(workspace: sync.workspace, credential: use.credential, sync: sync.name)
      try await database.transaction { try $0.remember(hold) }
      try await desk.hold(hold, source: source)
    }
  }

  /// Lets go of what no active sync uses any more, and holds what the vault was not told of. What the
  /// vault cannot be asked now is left for the next time.
  func reconcile() async {
    do {
      let (wanted, told) = try await database.read {
        (try $0.wantedHolds(warehouses), try $0.rememberedHolds())
      }
      for hold in wanted.subtracting(told) {
        try await desk.hold(hold, source: nil)
        try await database.transaction { try $0.remember(hold) }
      }
      for hold in told.subtracting(wanted) { try await drop(hold) }
    } catch {
      logger.warning("cannot tell the vault what is in use", metadata: ["error": "\(error)"])
    }
  }

  private func drop(_ hold: Hold) async throws {
    // A sync that is being activated right now is remembered, and not active yet: a moment later this
    // would be wrong, so the transaction looks again, and holds again what it finds.
    try await desk.drop(hold)
    let isWanted = try await database.transaction { connection in
      let isWanted = try connection.wantedHolds(warehouses).contains(hold)
      if !isWanted { try connection.forget(hold) }
      return isWanted
    }
    if isWanted { try await desk.hold(hold, source: nil) }
  }
}

extension SQLConnection {
  fileprivate func wantedHolds(_ warehouses: WarehouseRegistry) throws -> Set<CredentialHolds.Hold>
  {
    var wanted = try holds(
      """
      SELECT syncs.workspace, sources.credential, syncs.name FROM syncs JOIN sources
        ON sources.workspace = syncs.workspace AND sources.name = syncs.source
      WHERE syncs.state = 'active' AND sources.credential <> ''
      """
    )
    for type in warehouses.types {
      for (setting, _) in try warehouses.driver(type).schema.credentialFields {
        wanted.formUnion(
          try holds(
            """
            SELECT syncs.workspace, source_settings.value, syncs.name FROM syncs
              JOIN sources ON sources.workspace = syncs.workspace AND sources.name = syncs.source
              JOIN source_settings ON source_settings.workspace = sources.workspace
                AND source_settings.source = sources.name
            WHERE syncs.state = 'active' AND sources.type = ?1 AND source_settings.name = ?2
              AND source_settings.value <> ''
            """,
            [.text(type), .text(setting)]
          )
        )
      }
    }
    return wanted
  }

  fileprivate func rememberedHolds() throws -> Set<CredentialHolds.Hold> {
    try holds("SELECT workspace, credential, sync FROM credential_holds")
  }

  fileprivate func remember(_ hold: CredentialHolds.Hold) throws {
    try execute(
      """
      INSERT INTO credential_holds (workspace, credential, sync) VALUES (?1, ?2, ?3)
      ON CONFLICT (workspace, credential, sync) DO NOTHING
      """,
      [.text(hold.workspace), .text(hold.credential), .text(hold.sync)]
    )
  }

  fileprivate func forget(_ hold: CredentialHolds.Hold) throws {
    try execute(
      "DELETE FROM credential_holds WHERE workspace = ?1 AND credential = ?2 AND sync = ?3",
      [.text(hold.workspace), .text(hold.credential), .text(hold.sync)]
    )
  }

  private func holds(_ sql: String, _ values: [SQLValue] = []) throws -> Set<CredentialHolds.Hold> {
    Set(
      try rows(sql, values) {
        CredentialHolds.Hold(workspace: $0.string(0), credential: $0.string(1), sync: $0.string(2))
      }
    )
  }
}
