import SQLDatabase
import SyncModel
import Warehouse

extension SQLConnection {
  func sync(workspace: String, name: String) throws -> StoredSync? {
    let found = try first(
      """
      SELECT source, table_name, query, data, destination, schedule, time_zone, overlap_ns,
        update_existing_only, row_limit, state, tested_settings, tested_version, epoch,
        cursor_position, cursor_at, created_at, updated_at, max_rejected_percent, max_deletes,
        unusual_volume_factor, last_slot, alert_rejected_percent, alert_success, known_failure,
        skips_unchanged, mapped_columns, incarnation
      FROM syncs WHERE workspace = ?1 AND name = ?2
      """,
      [.text(workspace), .text(name)]
    ) { try StoredSync(workspace: workspace, name: name, row: $0) }
    guard var sync = found else { return nil }
    sync.contacts = try rows(
      "SELECT address FROM sync_contacts WHERE workspace = ?1 AND sync = ?2 ORDER BY place",
      [.text(workspace), .text(name)]
    ) { $0.string(0) }
    return sync
  }

  /// The sync that every caller needs to exist.
  /// - Throws: `Failure` `sync_not_found`.
  func existingSync(workspace: String, name: String) throws -> StoredSync {
    guard let sync = try sync(workspace: workspace, name: name) else {
      throw Failure(
        "sync_not_found",
        "there is no sync \"\(name)\" in workspace \"\(workspace)\"; `sluice sync list` shows those there are",
        recovery: .needsOperator
      )
    }
    return sync
  }

  /// The syncs whose names come after `name`, in order: a page of a listing.
  func syncs(workspace: String, after name: String, limit: Int) throws -> [StoredSync] {
    let names = try rows(
      "SELECT name FROM syncs WHERE workspace = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
      [.text(workspace), .text(name), .integer(Int64(limit))]
    ) { $0.string(0) }
    return try names.compactMap { try sync(workspace: workspace, name: $0) }
  }

  /// The name of the sync that reads this table, other than `name` itself (R137).
  func otherSync(workspace: String, source: String, table: String, than name: String) throws
    -> String?
  {
    try first(
      """
      SELECT name FROM syncs
      WHERE workspace = ?1 AND source = ?2 AND table_name = ?3 AND name <> ?4
      """,
      [.text(workspace), .text(source), .text(table), .text(name)]
    ) { $0.string(0) }
  }

  /// A number for a new sync, greater than every one before: the time, so that it is also greater than
  /// those of a store that was lost, which the writer may still know; or one more, where the clock fell.
  func newIncarnation(at now: Timestamp) throws -> Int64 {
    let last = try first("SELECT last FROM last_incarnation") { $0.int64(0) } ?? 0
    guard last < .max else {
      throw Failure(
        "state_damaged",
        "the record of how syncs are told apart cannot be read; restore the database",
        recovery: .needsOperator
      )
    }
    let incarnation = max(now.nanoseconds, last + 1)
    try execute("UPDATE last_incarnation SET last = ?1", [.integer(incarnation)])
    return incarnation
  }

  func insert(_ sync: StoredSync) throws {
    try execute(
      """
      INSERT INTO syncs (workspace, name, source, table_name, query, data, destination, schedule,
        time_zone, overlap_ns, update_existing_only, row_limit, state, tested_settings,
        tested_version, epoch, cursor_position, cursor_at, created_at, updated_at,
        max_rejected_percent, max_deletes, unusual_volume_factor, alert_rejected_percent,
        alert_success, skips_unchanged, incarnation)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, NULL, NULL, 0, NULL, 0, ?14,
        ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
      """,
      [
        .text(sync.workspace), .text(sync.name), .text(sync.source), .text(sync.table),
        .text(sync.query), .text(sync.data.rawValue), .text(sync.destination),
        .text(sync.schedule), .text(sync.timeZone), SQLValue(sync.overlap),
        SQLValue(sync.updateExistingOnly), .integer(sync.rowLimit), .text(sync.state.rawValue),
        .integer(sync.createdAt.nanoseconds), .integer(sync.updatedAt.nanoseconds),
        .integer(sync.breakers.maxRejectedPercent), .integer(sync.breakers.maxDeletes),
        .integer(sync.breakers.unusualVolumeFactor), .integer(sync.alerts.rejectedPercent),
        SQLValue(sync.alerts.tellsSuccess), SQLValue(sync.skipsUnchanged),
        .integer(sync.incarnation),
      ]
    )
    try insertContacts(sync)
  }

  /// Writes what a user decides, and the state; not the incarnation, the epoch, the cursor or the test.
  func update(_ sync: StoredSync) throws {
    try execute(
      """
      UPDATE syncs SET source = ?3, table_name = ?4, query = ?5, destination = ?6, schedule = ?7,
        time_zone = ?8, overlap_ns = ?9, update_existing_only = ?10, row_limit = ?11, state = ?12,
        updated_at = ?13, max_rejected_percent = ?14, max_deletes = ?15,
        unusual_volume_factor = ?16, last_slot = ?17, alert_rejected_percent = ?18,
        alert_success = ?19, skips_unchanged = ?20
      WHERE workspace = ?1 AND name = ?2
      """,
      [
        .text(sync.workspace), .text(sync.name), .text(sync.source), .text(sync.table),
        .text(sync.query), .text(sync.destination), .text(sync.schedule), .text(sync.timeZone),
        SQLValue(sync.overlap), SQLValue(sync.updateExistingOnly), .integer(sync.rowLimit),
        .text(sync.state.rawValue), .integer(sync.updatedAt.nanoseconds),
        .integer(sync.breakers.maxRejectedPercent), .integer(sync.breakers.maxDeletes),
        .integer(sync.breakers.unusualVolumeFactor), .integer(sync.lastSlot),
        .integer(sync.alerts.rejectedPercent), SQLValue(sync.alerts.tellsSuccess),
        SQLValue(sync.skipsUnchanged),
      ]
    )
    try execute(
      "DELETE FROM sync_contacts WHERE workspace = ?1 AND sync = ?2",
      [.text(sync.workspace), .text(sync.name)]
    )
    try insertContacts(sync)
  }

  private func insertContacts(_ sync: StoredSync) throws {
    for (place, address) in sync.contacts.enumerated() {
      try execute(
        "INSERT INTO sync_contacts (workspace, sync, place, address) VALUES (?1, ?2, ?3, ?4)",
        [.text(sync.workspace), .text(sync.name), .integer(Int64(place)), .text(address)]
      )
    }
  }

  func setState(_ state: StoredSync.State, workspace: String, sync: String, at now: Timestamp)
    throws
  {
    try execute(
      "UPDATE syncs SET state = ?3, updated_at = ?4 WHERE workspace = ?1 AND name = ?2",
      [.text(workspace), .text(sync), .text(state.rawValue), .integer(now.nanoseconds)]
    )
  }

  /// What a schedule runs, in every workspace; asked each second, so in one statement.
  func scheduleEntries() throws -> [ScheduleEntry] {
    try rows(
      """
      SELECT workspace, name, schedule, time_zone, last_slot FROM syncs
      WHERE state = 'active' AND schedule <> 'manual' ORDER BY workspace, name
      """
    ) { row in
      ScheduleEntry(
        workspace: row.string(0),
        sync: row.string(1),
        schedule: row.string(2),
        timeZone: row.string(3),
        lastSlot: row.int64(4)
      )
    }
  }

  /// The slots up to `slot`, in seconds since 1970, have had their run, or are to have none.
  func setLastSlot(_ slot: Int64, workspace: String, sync: String) throws {
    try execute(
      "UPDATE syncs SET last_slot = ?3 WHERE workspace = ?1 AND name = ?2",
      [.text(workspace), .text(sync), .integer(slot)]
    )
  }

  /// Removes a sync with everything that is kept of it here.
  func delete(_ sync: StoredSync) throws {
    let key: [SQLValue] = [.text(sync.workspace), .text(sync.name)]
    for table in ["sync_contacts", "runs", "cursor_moves"] {
      try execute("DELETE FROM \(table) WHERE workspace = ?1 AND sync = ?2", key)
    }
    try execute("DELETE FROM syncs WHERE workspace = ?1 AND name = ?2", key)
  }

  /// An edited source needs a new test (R135): its active and paused syncs go back to draft.
  func returnSyncsToDraft(workspace: String, source: String, at now: Timestamp) throws {
    try execute(
      """
      UPDATE syncs SET state = 'draft', updated_at = ?3
      WHERE workspace = ?1 AND source = ?2 AND state <> 'draft'
      """,
      [.text(workspace), .text(source), .integer(now.nanoseconds)]
    )
  }

  func setTested(
    _ tested: TestedSettings,
    columns: [SourceColumn],
    workspace: String,
    sync: String
  ) throws {
    try execute(
      """
      UPDATE syncs SET tested_settings = ?3, tested_version = ?4, mapped_columns = ?5
      WHERE workspace = ?1 AND name = ?2
      """,
      [
        .text(workspace), .text(sync), .text(tested.text),
        .integer(Int64(tested.credentialVersion)),
        .text(columns.map(\.rawValue).joined(separator: " ")),
      ]
    )
  }

  /// R142: what it reads is not what was tested any more. Only a new test lets it be activated.
  /// - Returns: false when it was not active.
  func pauseUntilTested(workspace: String, sync: String, at now: Timestamp) throws -> Bool {
    try execute(
      """
      UPDATE syncs SET state = 'paused', tested_settings = NULL, tested_version = NULL,
        updated_at = ?3 WHERE workspace = ?1 AND name = ?2 AND state = 'active'
      """,
      [.text(workspace), .text(sync), .integer(now.nanoseconds)]
    ) > 0
  }

  /// Records the writer's durable position, whatever it is: the writer owns the truth (decision 3).
  func setCursor(_ position: Timestamp?, workspace: String, sync: String, at now: Timestamp) throws
  {
    try execute(
      """
      UPDATE syncs SET cursor_position = ?3, cursor_at = ?4
      WHERE workspace = ?1 AND name = ?2 AND cursor_position IS NOT ?3
      """,
      [
        .text(workspace), .text(sync), SQLValue(position?.nanoseconds),
        .integer(now.nanoseconds),
      ]
    )
  }

  /// The next fencing token, durable before it is used (design, decision 3).
  func raiseEpoch(workspace: String, sync: String) throws {
    try execute(
      "UPDATE syncs SET epoch = epoch + 1 WHERE workspace = ?1 AND name = ?2",
      [.text(workspace), .text(sync)]
    )
  }
}

extension StoredSync {
  fileprivate init(workspace: String, name: String, row: any SQLRow) throws {
    guard let data = DataType(rawValue: row.string(3)), let state = State(rawValue: row.string(10))
    else {
      throw Failure(
        "state_damaged",
        "the record of sync \"\(name)\" cannot be read; restore the database",
        recovery: .needsOperator
      )
    }
    self.init(
      workspace: workspace,
      name: name,
      source: row.string(0),
      table: row.string(1),
      query: row.string(2),
      data: data,
      destination: row.string(4),
      schedule: row.string(5),
      timeZone: row.string(6),
      contacts: [],
      overlap: row.optionalInt64(7),
      updateExistingOnly: row.int64(8) != 0,
      rowLimit: row.int64(9),
      state: state
    )
    if let text = row.optionalString(11) {
      tested = TestedSettings(
        text: text,
        credentialVersion: UInt32(exactly: row.int64(12)) ?? 0
      )
    }
    epoch = row.int64(13)
    cursor = row.optionalInt64(14).map(Timestamp.init(nanoseconds:))
    cursorAt = Timestamp(nanoseconds: row.int64(15))
    createdAt = Timestamp(nanoseconds: row.int64(16))
    updatedAt = Timestamp(nanoseconds: row.int64(17))
    breakers = CircuitBreakers(
      maxRejectedPercent: row.int64(18),
      maxDeletes: row.int64(19),
      unusualVolumeFactor: row.int64(20)
    )
    lastSlot = row.int64(21)
    alerts = AlertRules(rejectedPercent: row.int64(22), tellsSuccess: row.int64(23) != 0)
    knownFailure = row.string(24)
    skipsUnchanged = row.int64(25) != 0
    mappedColumns = row.string(26).split(separator: " ").compactMap {
      SourceColumn(rawValue: String($0))
    }
    incarnation = row.int64(27)
  }
}
