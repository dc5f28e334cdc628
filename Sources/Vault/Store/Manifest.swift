import Crypto
import SQLDatabase

/// One row that stands for the whole database: a MAC over every row of it, so that a row that was
/// deleted, swapped or put back from an older copy is seen by the next call.
///
/// An older copy of the whole database is consistent in itself. What shows it is `generation`, which
/// counts every change and goes out with every answer: whoever saw a higher one knows.
struct Manifest: Sendable, Equatable {
  enum Refusal: Error, Equatable {
    /// There is none: a database from before there were manifests, or one that was tampered with.
    case missing
    /// Rows and MAC do not belong together.
    case broken
    /// Another replica has changed the root key.
    case otherRoot
  }

  var generation: Int64
  /// The first audit entry that is chained.
  var auditStart: Int64
  var auditSeq: Int64
  /// The MAC of the last audit entry, in hex; empty before the first.
  var auditHead: String

  /// Reads the manifest and compares it with every row.
  static func read(_ keys: VaultKeys, in connection: any SQLConnection) throws -> Manifest {
    let row = try connection.first(
      "SELECT generation, root_id, audit_start, audit_seq, audit_head, mac FROM manifest"
    ) { row in
      (
        Manifest(
          generation: row.int64(0),
          auditStart: row.int64(2),
          auditSeq: row.int64(3),
          auditHead: row.string(4)
        ),
        root: row.int64(1),
        mac: row.blob(5)
      )
    }
    guard let (manifest, root, mac) = row else { throw Refusal.missing }
    guard root == keys.root.id else { throw Refusal.otherRoot }
    let fields = try manifest.fields(keys, in: connection)
    guard try keys.root.verify(mac, manifest: fields) else { throw Refusal.broken }
    // The last entry of the audit log, by its number too: nothing may follow it.
    let last = try connection.first("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1") {
      ($0.int64(0), $0.string(1))
    }
    guard let (seq, head) = last, seq == manifest.auditSeq, head == manifest.auditHead else {
      throw Refusal.broken
    }
    return manifest
  }

  /// Writes the manifest of the rows as they are now.
  func write(_ keys: VaultKeys, in connection: any SQLConnection) throws {
    let mac = try keys.root.authenticate(manifest: fields(keys, in: connection))
    try connection.execute(
      """
      INSERT INTO manifest (only_row, generation, root_id, audit_start, audit_seq, audit_head, mac)
      VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
      ON CONFLICT (only_row) DO UPDATE SET generation = excluded.generation,
        root_id = excluded.root_id, audit_start = excluded.audit_start,
        audit_seq = excluded.audit_seq, audit_head = excluded.audit_head, mac = excluded.mac
      """,
      [
        .integer(generation), .integer(keys.root.id), .integer(auditStart), .integer(auditSeq),
        .text(auditHead), .blob(mac),
      ]
    )
  }

  private func fields(
    _ keys: VaultKeys,
    in connection: any SQLConnection
  ) throws -> CanonicalFields {
    var fields = CanonicalFields("manifest")
    fields.append(keys.vaultID)
    fields.append(generation)
    fields.append(keys.root.id)
    fields.append(auditStart)
    fields.append(auditSeq)
    fields.append(auditHead)
    fields.append(try Self.digest(of: connection).bytes)
    return fields
  }

  /// One digest over all rows, each value with its length.
  private static func digest(of connection: any SQLConnection) throws -> SHA256Digest {
    var hash = SHA256()
    for table in VaultTable.underManifest { try table.hash(into: &hash, connection) }
    return hash.finish()
  }
}

extension VaultTable {
  /// Every call hashes every row: the bytes are hashed where they lie, none is copied.
  fileprivate func hash(into hash: inout SHA256, _ connection: any SQLConnection) throws {
    var rows: UInt64 = 0
    try connection.query(select, []) { row in
      rows += 1
      for index in columns.indices {
        switch columns[index] {
        case .integer: hash.update(UInt64(bitPattern: row.int64(index)))
        case .text, .blob:
          row.withBytes(index) { bytes in
            hash.update(UInt64(bytes.count))
            hash.update(bytes)
          }
        }
      }
    }
    hash.update(rows)
  }
}
