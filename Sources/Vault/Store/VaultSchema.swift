import SQLDatabase

/// The vault's tables. What is secret is in the `…salt`, `…nonce` and ciphertext columns only; every
/// other column of `credential` and `secret_version` is under the row's MAC.
enum VaultSchema {
  static let migrations = SQLMigrations([
    """
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
  ])
}
