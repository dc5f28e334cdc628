import OrchestratorAPI
import SyncModel

extension Record {
  init(_ sync: Sync) {
    let options = sync.options ?? SyncOptions()
    self.init(
      name: sync.name,
      fields: [
        "name": .text(sync.name),
        "workspace": .text(sync.workspace),
        "source": .text(sync.source),
        "table": .text(orNull: sync.table),
        "query": .text(orNull: sync.query),
        "data": .text(sync.data.model?.rawValue ?? "unknown"),
        "destination": .text(sync.destination),
        "schedule": .text(sync.schedule),
        "time_zone": .text(sync.timeZone.isEmpty ? "UTC" : sync.timeZone),
        "contacts": .texts(sync.contacts),
        "options": .object([
          "overlap_ns": .integer(orNull: options.overlapNs),
          "update_existing_only": .bool(options.updateExistingOnly),
          "row_limit": .integer(options.rowLimit),
          "max_rejected_percent": .integer(Int64(options.maxRejectedPercent)),
          "max_deletes": .integer(options.maxDeletes),
          "unusual_volume_factor": .integer(Int64(options.unusualVolumeFactor)),
          "alert_rejected_percent": .integer(Int64(options.alertRejectedPercent)),
          "alert_success": .bool(options.alertSuccess),
          "skip_unchanged": options.skipUnchanged.map { .bool($0) } ?? .null,
        ]),
        "state": .text(sync.state.name ?? "unknown"),
        "tested": .bool(sync.tested),
        "created_at": .time(sync.createdAt),
        "updated_at": .time(sync.updatedAt),
        "next_run_at": .time(orNullIfZero: sync.nextRunAt),
      ]
    )
  }

  static let syncColumns = [
    Column("NAME", "name"), Column("SOURCE", "source"), Column("TABLE", "table"),
    Column("DATA", "data"), Column("STATE", "state"), Column("SCHEDULE", "schedule"),
    Column("NEXT RUN", "next_run_at", .time),
  ]
}
