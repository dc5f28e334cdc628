import SQLDatabase

/// The store's tables. Identity is bytes (design, decision 13): what users are named by is a BLOB,
/// which SQLite compares by memcmp.
enum ProfileStoreSchema {
  static let migrations = SQLMigrations([first, second, rowLog, cursorMoves, incarnations])

  /// - profiles.id: the workspace's number in the high 24 bits, so that a workspace is one range.
  /// - workspaces' totals change in the transaction that changes what they count.
  /// - ledger: keyed by time first: inserts go to the end, and forgetting is one range.
  private static let first = """
    CREATE TABLE workspaces (
      id INTEGER PRIMARY KEY,
      name BLOB NOT NULL UNIQUE,
      next_profile INTEGER NOT NULL DEFAULT 1,
      profiles INTEGER NOT NULL DEFAULT 0,
      events INTEGER NOT NULL DEFAULT 0,
      purchases INTEGER NOT NULL DEFAULT 0,
      revenue TEXT NOT NULL DEFAULT '0'
    );
    CREATE TABLE profiles (
      id INTEGER PRIMARY KEY,
      workspace INTEGER NOT NULL,
      external_id BLOB,
      salt INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      attributes BLOB NOT NULL,
      activity BLOB NOT NULL
    );
    CREATE UNIQUE INDEX profiles_by_external_id ON profiles (workspace, external_id)
      WHERE external_id IS NOT NULL;
    CREATE TABLE aliases (
      workspace INTEGER NOT NULL,
      label BLOB NOT NULL,
      name BLOB NOT NULL,
      profile INTEGER NOT NULL,
      PRIMARY KEY (workspace, label, name)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX aliases_by_profile ON aliases (profile, label);
    CREATE TABLE emails (
      workspace INTEGER NOT NULL,
      email BLOB NOT NULL,
      profile INTEGER NOT NULL,
      PRIMARY KEY (workspace, email, profile)
    ) WITHOUT ROWID;
    CREATE TABLE phones (
      workspace INTEGER NOT NULL,
      phone BLOB NOT NULL,
      profile INTEGER NOT NULL,
      PRIMARY KEY (workspace, phone, profile)
    ) WITHOUT ROWID;
    CREATE TABLE events (
      id INTEGER PRIMARY KEY,
      profile INTEGER NOT NULL,
      name BLOB NOT NULL,
      time INTEGER NOT NULL,
      properties BLOB,
      origin INTEGER NOT NULL
    );
    CREATE INDEX events_by_profile ON events (profile);
    CREATE TABLE purchases (
      id INTEGER PRIMARY KEY,
      profile INTEGER NOT NULL,
      product_id BLOB NOT NULL,
      currency BLOB NOT NULL,
      price TEXT NOT NULL,
      quantity INTEGER NOT NULL,
      time INTEGER NOT NULL,
      properties BLOB,
      origin INTEGER NOT NULL
    );
    CREATE INDEX purchases_by_profile ON purchases (profile);
    CREATE TABLE syncs (
      id INTEGER PRIMARY KEY,
      workspace INTEGER NOT NULL,
      name BLOB NOT NULL,
      data TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      origin INTEGER NOT NULL,
      overlap INTEGER NOT NULL,
      update_existing_only INTEGER NOT NULL,
      next_batch INTEGER NOT NULL,
      position INTEGER,
      ledger_floor INTEGER,
      opened_next_batch INTEGER NOT NULL,
      opened_position INTEGER,
      opened_read_from INTEGER,
      opened_floor INTEGER,
      UNIQUE (workspace, name)
    );
    CREATE TABLE origins (
      id INTEGER PRIMARY KEY,
      sync INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      opened_at INTEGER NOT NULL
    );
    CREATE TABLE receipts (
      sync INTEGER NOT NULL,
      number INTEGER NOT NULL,
      batch_id TEXT NOT NULL,
      applied INTEGER NOT NULL,
      unchanged INTEGER NOT NULL,
      already_applied INTEGER NOT NULL,
      superseded INTEGER NOT NULL,
      skipped INTEGER NOT NULL,
      rejected INTEGER NOT NULL,
      position INTEGER,
      future_rows INTEGER NOT NULL,
      warnings INTEGER NOT NULL,
      PRIMARY KEY (sync, number)
    ) WITHOUT ROWID;
    CREATE TABLE ledger (
      sync INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      hash BLOB NOT NULL,
      count INTEGER NOT NULL,
      seen_epoch INTEGER NOT NULL,
      seen_count INTEGER NOT NULL,
      PRIMARY KEY (sync, updated_at, hash)
    ) WITHOUT ROWID;
    CREATE TABLE rejected_rows (
      id INTEGER PRIMARY KEY,
      sync INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      batch INTEGER NOT NULL,
      row_index INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      identifier TEXT NOT NULL,
      code TEXT NOT NULL,
      message TEXT NOT NULL,
      rejected_at INTEGER NOT NULL
    );
    CREATE INDEX rejected_rows_by_sync ON rejected_rows (sync);
    """

  /// - attribute_types: fixed for a whole workspace by the first value (R87).
  /// - rejected_rows.is_warning: a warning of a row that was applied.
  private static let second = """
    CREATE TABLE attribute_types (
      workspace INTEGER NOT NULL,
      name BLOB NOT NULL,
      type INTEGER NOT NULL,
      PRIMARY KEY (workspace, name)
    ) WITHOUT ROWID;
    ALTER TABLE rejected_rows ADD COLUMN is_warning INTEGER NOT NULL DEFAULT 0;
    """

  /// - rejected_rows.hash, copy: which row version it is, as in the ledger, and which copy of it, from
  ///   1: one row that several runs rejected is one row. NULL for warnings, and for rows of old.
  /// - sealed: the whole row (`SealedRow`). NULL where it was not kept.
  /// - outcome: what became of the row since; NULL while it is rejected. outcome_run_id: the run that
  ///   read it again; NULL where it was retried.
  /// - syncs.sealed_bytes: the sum of its rows' `sealed`.
  private static let rowLog = """
    ALTER TABLE rejected_rows ADD COLUMN hash BLOB;
    ALTER TABLE rejected_rows ADD COLUMN copy INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE rejected_rows ADD COLUMN sealed BLOB;
    ALTER TABLE rejected_rows ADD COLUMN retried_at INTEGER;
    ALTER TABLE rejected_rows ADD COLUMN outcome TEXT;
    ALTER TABLE rejected_rows ADD COLUMN outcome_at INTEGER;
    ALTER TABLE rejected_rows ADD COLUMN outcome_run_id TEXT;
    ALTER TABLE syncs ADD COLUMN sealed_bytes INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX rejected_rows_by_version ON rejected_rows (sync, updated_at, hash, copy)
      WHERE hash IS NOT NULL;
    CREATE INDEX rejected_rows_by_time ON rejected_rows (rejected_at);
    """

  /// - syncs.forgotten_until: see `SyncRecord`.
  private static let cursorMoves = """
    ALTER TABLE syncs ADD COLUMN forgotten_until INTEGER;
    ALTER TABLE syncs ADD COLUMN skips_unchanged INTEGER NOT NULL DEFAULT 1;
    """

  /// - syncs.incarnation: see `SyncRecord`. rejected_rows.incarnation: of the sync that read the row.
  private static let incarnations = """
    ALTER TABLE syncs ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE rejected_rows ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 0;
    """
}
