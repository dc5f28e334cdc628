import Crypto
import RPC
import SQLDatabase
import SyncModel
import VaultAPI

/// One line of who did what with which secret.
struct AuditRecord: Sendable, Equatable {
  var seq: Int64 = 0
  var at: Int64
  var role: String
  var instance: String
  var action: String
  var workspace = ""
  var name = ""
  var version: UInt32 = 0
  var purpose = ""
  var runID = ""
  /// What else is worth knowing, in words; never secret.
  var detail = ""
  /// Of the secret that was stored or released: whoever knows it can search for it, nobody can get
  /// it back.
  var digest = ""
}

/// What an audit record says was done.
enum AuditAction: String {
  case vaultCreated = "vault created"
  case vaultUpgraded = "vault upgraded"
  case sealed = "vault sealed"
  case unsealed = "vault unsealed"
  case masterKeyAdded = "master key added"
  case masterKeyFinished = "master key finished"
  case rootKeyRotated = "root key rotated"
  case backedUp = "vault backed up"
  case restored = "vault restored"
  case created = "put created"
  case updated = "put updated"
  case unchanged = "put unchanged"
  case deleted = "delete"
  case held = "hold"
  case dropped = "drop"
  case keyMade = "key made"
  case keyPublished = "key published"
  case keyProven = "key proven"
  case keyPromoted = "key promoted"
  case keyDestroyed = "key destroyed"
  case released = "release"
  case signedSnowflake = "sign snowflake token"
  case signedGoogle = "sign google assertion"
  case signedSSH = "sign ssh login"
}

/// The audit log: append only, each entry's MAC over its own fields and the MAC before it, so that no
/// entry can be changed, removed or slipped in without the key.
enum AuditLog {
  /// The digest by which a secret is found in the log.
  static func digest(of secret: SecretBytes, _ keys: VaultKeys) throws(CryptoError) -> String {
    var fields = CanonicalFields("audited secret")
    fields.append(secret.copyBytes())
    return Hex.encode(try HMACSHA256.authenticate(fields.bytes, key: keys.auditKey))
  }

  /// Appends in the transaction of the act itself: when the record cannot be written, nothing is
  /// stored, signed or released.
  static func append(
    _ record: AuditRecord,
    to manifest: inout Manifest,
    _ keys: VaultKeys,
    in connection: any SQLConnection
  ) throws {
    var record = record
    record.seq = manifest.auditSeq + 1
    let mac = Hex.encode(try link(record, after: manifest.auditHead, keys))
    try VaultTable.audit.insert(
      [
        .integer(record.seq), .integer(record.at), .text(record.role), .text(record.instance),
        .text(record.action), .text(record.workspace), .text(record.name),
        .integer(Int64(record.version)), .text(record.purpose), .text(record.runID),
        .text(record.detail), .text(record.digest), .text(mac),
      ],
      in: connection
    )
    if manifest.auditStart == 0 { manifest.auditStart = record.seq }
    manifest.auditSeq = record.seq
    manifest.auditHead = mac
  }

  /// Walks the whole chain.
  /// - Returns: how many entries there are, and what is wrong, the first fault only.
  static func verify(
    _ manifest: Manifest,
    _ keys: VaultKeys,
    in connection: any SQLConnection
  ) throws -> (entries: Int64, problem: String?) {
    var entries: Int64 = 0
    var head = ""
    var problem: String?
    var expected = manifest.auditStart
    try each(in: connection) { record, mac in
      entries += 1
      guard problem == nil else { return }
      if record.seq < manifest.auditStart {
        // Of the release that did not chain.
        if !mac.isEmpty { problem = "audit entry \(record.seq) does not belong there" }
        return
      }
      guard record.seq == expected else {
        problem = "audit entry \(expected) is missing"
        return
      }
      guard mac == Hex.encode(try link(record, after: head, keys)) else {
        problem = "audit entry \(record.seq) was changed"
        return
      }
      head = mac
      expected += 1
    }
    if problem == nil, head != manifest.auditHead || expected != manifest.auditSeq + 1 {
      problem = "the audit log was cut short: it should end with entry \(manifest.auditSeq)"
    }
    return (entries, problem)
  }

  /// The next `limit` records after `seq` that match, with their MACs.
  static func page(
    after seq: Int64,
    limit: Int,
    workspace: String,
    name: String,
    digest: String,
    in connection: any SQLConnection
  ) throws -> [(AuditRecord, mac: String)] {
    try connection.rows(
      select + """
         WHERE seq > ?1 AND (?2 = '' OR workspace = ?2) AND (?3 = '' OR name = ?3)
        AND (?4 = '' OR digest = ?4) ORDER BY seq LIMIT ?5
        """,
      [
        .integer(seq), .text(workspace), .text(name), .text(digest), .integer(Int64(limit)),
      ]
    ) { (record($0), $0.string(12)) }
  }

  private static let select = """
    SELECT seq, at, role, instance, action, workspace, name, version, purpose, run_id, detail,
      digest, mac FROM audit
    """

  private static func each(
    in connection: any SQLConnection,
    _ body: (AuditRecord, String) throws -> Void
  ) throws {
    try connection.query(select + " ORDER BY seq", []) { row in
      try body(record(row), row.string(12))
    }
  }

  private static func record(_ row: any SQLRow) -> AuditRecord {
    AuditRecord(
      seq: row.int64(0),
      at: row.int64(1),
      role: row.string(2),
      instance: row.string(3),
      action: row.string(4),
      workspace: row.string(5),
      name: row.string(6),
      version: UInt32(clamping: row.int64(7)),
      purpose: row.string(8),
      runID: row.string(9),
      detail: row.string(10),
      digest: row.string(11)
    )
  }

  private static func link(
    _ record: AuditRecord,
    after head: String,
    _ keys: VaultKeys
  ) throws(CryptoError) -> [UInt8] {
    var fields = CanonicalFields("audit")
    fields.append(keys.vaultID)
    fields.append(head)
    fields.append(record.seq)
    fields.append(record.at)
    for text in [
      record.role, record.instance, record.action, record.workspace, record.name,
    ] { fields.append(text) }
    fields.append(Int64(record.version))
    for text in [record.purpose, record.runID, record.detail, record.digest] { fields.append(text) }
    return try HMACSHA256.authenticate(fields.bytes, key: keys.auditKey)
  }
}

extension AuditEntry {
  init(_ record: AuditRecord, mac: String) {
    self.init(
      seq: UInt64(clamping: record.seq),
      at: record.at,
      role: record.role,
      instance: record.instance,
      action: record.action,
      workspace: record.workspace,
      name: record.name,
      version: record.version,
      purpose: record.purpose,
      runId: record.runID,
      detail: record.detail,
      mac: Hex.decode(Array(mac.utf8)) ?? []
    )
  }
}
