public import SQLDatabase

extension SyncOrchestrator {
  /// The tables of the orchestrator's state. Times are nanoseconds since 1970 UTC.
  public static let migrations = SQLMigrations([
    """
    CREATE TABLE sources (
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      type TEXT NOT NULL,
      credential TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      PRIMARY KEY (workspace, name)
    );
    CREATE TABLE source_settings (
      workspace TEXT NOT NULL,
      source TEXT NOT NULL,
      name TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (workspace, source, name)
    );
    CREATE TABLE syncs (
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      source TEXT NOT NULL,
      table_name TEXT NOT NULL,
      query TEXT NOT NULL,
      data TEXT NOT NULL,
      destination TEXT NOT NULL,
      schedule TEXT NOT NULL,
      time_zone TEXT NOT NULL,
      overlap_ns BIGINT,
      update_existing_only BIGINT NOT NULL,
      row_limit BIGINT NOT NULL,
      state TEXT NOT NULL,
      tested_settings TEXT,
      tested_version BIGINT,
      epoch BIGINT NOT NULL,
      cursor_position BIGINT,
      cursor_at BIGINT NOT NULL,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL,
      PRIMARY KEY (workspace, name)
    );
    CREATE UNIQUE INDEX syncs_by_table ON syncs (workspace, source, table_name)
      WHERE table_name <> '';
    CREATE TABLE sync_contacts (
      workspace TEXT NOT NULL,
      sync TEXT NOT NULL,
      place BIGINT NOT NULL,
      address TEXT NOT NULL,
      PRIMARY KEY (workspace, sync, place)
    );
    CREATE TABLE runs (
      run_id TEXT NOT NULL PRIMARY KEY,
      workspace TEXT NOT NULL,
      sync TEXT NOT NULL,
      epoch BIGINT NOT NULL,
      status TEXT NOT NULL,
      started_by TEXT NOT NULL,
      phase TEXT NOT NULL,
      rows_read BIGINT NOT NULL,
      bytes_read BIGINT NOT NULL,
      applied BIGINT NOT NULL,
      unchanged BIGINT NOT NULL,
      already_applied BIGINT NOT NULL,
      superseded BIGINT NOT NULL,
      skipped BIGINT NOT NULL,
      rejected BIGINT NOT NULL,
      rows_reported BIGINT,
      cursor_position BIGINT,
      started_at BIGINT NOT NULL,
      finished_at BIGINT NOT NULL,
      error_code TEXT NOT NULL,
      error_message TEXT NOT NULL,
      warnings TEXT NOT NULL
    );
    CREATE INDEX runs_by_sync ON runs (workspace, sync, epoch);
    CREATE INDEX runs_by_start ON runs (workspace, started_at);
    CREATE INDEX runs_by_status ON runs (status);
    CREATE INDEX runs_by_end ON runs (finished_at);
    """,
    // What the vault was told (`CredentialHolds`), and what it has said (`VaultWatch`).
    """
    CREATE TABLE credential_holds (
      workspace TEXT NOT NULL,
      credential TEXT NOT NULL,
      sync TEXT NOT NULL,
      PRIMARY KEY (workspace, credential, sync)
    );
    CREATE TABLE vault_generations (
      vault_id TEXT NOT NULL PRIMARY KEY,
      generation BIGINT NOT NULL
    );
    """,
    // Schedules, circuit breakers, and how far a run has come.
    """
    ALTER TABLE syncs ADD COLUMN max_rejected_percent BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE syncs ADD COLUMN max_deletes BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE syncs ADD COLUMN unusual_volume_factor BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE syncs ADD COLUMN last_slot BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN scheduled_for BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN progress_at BIGINT NOT NULL DEFAULT 0;
    """,
    // Mails to contacts, and what they know already.
    """
    ALTER TABLE syncs ADD COLUMN alert_rejected_percent BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE syncs ADD COLUMN alert_success BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE syncs ADD COLUMN known_failure TEXT NOT NULL DEFAULT '';
    CREATE TABLE alerts (
      id TEXT NOT NULL PRIMARY KEY,
      workspace TEXT NOT NULL,
      sync TEXT NOT NULL,
      kind TEXT NOT NULL,
      contacts TEXT NOT NULL,
      subject TEXT NOT NULL,
      body TEXT NOT NULL,
      created_at BIGINT NOT NULL,
      attempts BIGINT NOT NULL,
      next_at BIGINT NOT NULL
    );
    """,
    // Cursors that were moved by hand, the columns that a test saw, webhooks.
    """
    CREATE TABLE cursor_moves (
      id TEXT NOT NULL PRIMARY KEY,
      workspace TEXT NOT NULL,
      sync TEXT NOT NULL,
      epoch BIGINT NOT NULL,
      moved_at BIGINT NOT NULL,
      moved_by TEXT NOT NULL,
      from_position BIGINT,
      to_position BIGINT,
      rows_again BIGINT NOT NULL,
      rows_skipped BIGINT NOT NULL,
      outcome TEXT NOT NULL
    );
    CREATE INDEX cursor_moves_by_sync ON cursor_moves (workspace, sync, epoch);
    ALTER TABLE syncs ADD COLUMN skips_unchanged BIGINT NOT NULL DEFAULT 1;
    ALTER TABLE syncs ADD COLUMN mapped_columns TEXT NOT NULL DEFAULT '';
    ALTER TABLE alerts ADD COLUMN channel TEXT NOT NULL DEFAULT 'mail';
    """,
    // Syncs that are made again under their name; one row, which outlives them.
    """
    ALTER TABLE syncs ADD COLUMN incarnation BIGINT NOT NULL DEFAULT 0;
    CREATE TABLE last_incarnation (last BIGINT NOT NULL);
    INSERT INTO last_incarnation (last) VALUES (0);
    """,
  ])
}
