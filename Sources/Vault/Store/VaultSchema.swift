import SQLDatabase

/// The vault's tables. What is secret is in the `…salt`, `…nonce` and ciphertext columns only; every
/// other column of a row is under the row's MAC, and all rows together under the manifest's.
enum VaultSchema {
  static let migrations = SQLMigrations([first, keysAndManifest])

  private static let first = """
    CREATE TABLE vault_meta (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      vault_id TEXT NOT NULL,
      created_at INTEGER NOT NULL
    );
    CREATE TABLE unlock_slot (
      slot INTEGER PRIMARY KEY,
      root_id INTEGER NOT NULL,
      root_salt BLOB NOT NULL,
      root_nonce BLOB NOT NULL,
      wrapped_root BLOB NOT NULL,
      canary_salt BLOB NOT NULL,
      canary_nonce BLOB NOT NULL,
      canary BLOB NOT NULL,
      created_at INTEGER NOT NULL
    );
    CREATE TABLE credential (
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,
      username TEXT NOT NULL,
      version INTEGER NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      row_mac BLOB NOT NULL,
      PRIMARY KEY (workspace, name)
    );
    CREATE TABLE secret_version (
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      version INTEGER NOT NULL,
      key_bits INTEGER NOT NULL,
      public_key TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      root_id INTEGER NOT NULL,
      key_salt BLOB NOT NULL,
      key_nonce BLOB NOT NULL,
      wrapped_key BLOB NOT NULL,
      nonce BLOB NOT NULL,
      ciphertext BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      row_mac BLOB NOT NULL,
      PRIMARY KEY (workspace, name, version),
      FOREIGN KEY (workspace, name) REFERENCES credential (workspace, name)
    );
    CREATE TABLE audit (
      seq INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      role TEXT NOT NULL,
      instance TEXT NOT NULL,
      action TEXT NOT NULL,
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      version INTEGER NOT NULL,
      purpose TEXT NOT NULL,
      run_id TEXT NOT NULL
    );
    """

  /// Key states and details, slots for passphrases, keys of the vault's own, the manifest, the chain
  /// of the audit log, and who uses what. Rows from before keep their MACs: what is new is left out
  /// of a MAC while it has its default (`StoredCredential`, `StoredSecret`).
  private static let keysAndManifest = """
    ALTER TABLE credential ADD COLUMN details TEXT NOT NULL DEFAULT '';
    ALTER TABLE secret_version ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
    ALTER TABLE secret_version ADD COLUMN slot INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE secret_version ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE secret_version ADD COLUMN retire_at INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE unlock_slot ADD COLUMN kind TEXT NOT NULL DEFAULT 'key';
    ALTER TABLE unlock_slot ADD COLUMN kdf TEXT NOT NULL DEFAULT '';
    ALTER TABLE audit ADD COLUMN detail TEXT NOT NULL DEFAULT '';
    ALTER TABLE audit ADD COLUMN digest TEXT NOT NULL DEFAULT '';
    ALTER TABLE audit ADD COLUMN mac TEXT NOT NULL DEFAULT '';
    CREATE TABLE vault_key (
      label TEXT PRIMARY KEY,
      root_id INTEGER NOT NULL,
      key_salt BLOB NOT NULL,
      key_nonce BLOB NOT NULL,
      wrapped_key BLOB NOT NULL,
      nonce BLOB NOT NULL,
      ciphertext BLOB NOT NULL
    );
    CREATE TABLE manifest (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      generation INTEGER NOT NULL,
      root_id INTEGER NOT NULL,
      audit_start INTEGER NOT NULL,
      audit_seq INTEGER NOT NULL,
      audit_head TEXT NOT NULL,
      mac BLOB NOT NULL
    );
    CREATE TABLE holder (
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      holder TEXT NOT NULL,
      since INTEGER NOT NULL,
      row_mac BLOB NOT NULL,
      PRIMARY KEY (workspace, name, holder)
    );
    CREATE TABLE snowflake_user (
      account TEXT NOT NULL,
      username TEXT NOT NULL,
      workspace TEXT NOT NULL,
      name TEXT NOT NULL,
      claimed_at INTEGER NOT NULL,
      row_mac BLOB NOT NULL,
      PRIMARY KEY (account, username)
    );
    """
}
