import Crypto
import VaultAPI

/// What the vault says of itself, as it is printed.
extension Record {
  init(_ status: VaultStatus) {
    self.init(
      name: status.vaultId,
      fields: [
        "vault_id": .text(orNull: status.vaultId),
        "sealed": .bool(status.sealed),
        "master_key_source": .text(status.masterKeySource),
        "store": .text(status.store),
        "generation": .unsigned(status.generation),
        "root_id": .integer(Int64(status.rootId)),
        "credentials": .unsigned(status.credentials),
        "audit_entries": .unsigned(status.auditEntries),
        "audit_head": .text(orNull: Hex.encode(status.auditHead)),
        "slots": .list(
          status.slots.map { slot in
            .object([
              "number": .integer(Int64(slot.number)), "kind": .text(slot.kind),
              "created_at": .time(slot.createdAt), "in_use": .bool(slot.inUse),
            ])
          }
        ),
      ]
    )
  }

  init(_ found: VerifyVaultResponse) {
    self.init(
      name: found.problems.isEmpty ? "ok" : "damaged",
      fields: [
        "ok": .bool(found.problems.isEmpty),
        "credentials": .unsigned(found.credentials),
        "secrets": .unsigned(found.secrets),
        "audit_entries": .unsigned(found.auditEntries),
        "generation": .unsigned(found.generation),
        "audit_head": .text(orNull: Hex.encode(found.auditHead)),
        "problems": .list(found.problems.map { .text($0) }),
      ]
    )
  }

  init(_ entry: AuditEntry) {
    self.init(
      name: "\(entry.seq)",
      fields: [
        "seq": .unsigned(entry.seq),
        "at": .time(entry.at),
        "role": .text(entry.role),
        "instance": .text(orNull: entry.instance),
        "action": .text(entry.action),
        "workspace": .text(orNull: entry.workspace),
        "name": .text(orNull: entry.name),
        "version": .integer(Int64(entry.version)),
        "purpose": .text(orNull: entry.purpose),
        "run_id": .text(orNull: entry.runId),
        "detail": .text(orNull: entry.detail),
        "mac": .text(orNull: Hex.encode(entry.mac)),
      ]
    )
  }

  static let auditColumns = [
    Column("SEQ", "seq", .right), Column("AT", "at", .time), Column("ROLE", "role"),
    Column("ACTION", "action"), Column("CREDENTIAL", "name"), Column("KEY", "version", .right),
    Column("PURPOSE", "purpose"), Column("RUN", "run_id"), Column("DETAIL", "detail"),
  ]
}
