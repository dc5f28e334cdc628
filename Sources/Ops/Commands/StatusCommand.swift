import ArgumentParser
import OrchestratorAPI
import RPC
import SyncModel

struct StatusCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "The services, and every sync with its latest run."
  )
  @OptionGroup var options: GlobalOptions

  static let columns = [
    Column("SYNC", "name"), Column("STATE", "state"), Column("LAST RUN", "status"),
    Column("READ", "rows_read", .right), Column("REJECTED", "rejected", .right),
    Column("STARTED", "started_at", .time), Column("CURSOR", "cursor"),
  ]

  func run(in session: Session) async throws -> ExitStatus {
    let health = try await session.health()
    let isUp = health.contains { $0.role == .orchestrator && $0.status == "serving" }
    let syncs = isUp ? try await session.syncsWithLatestRun() : []
    switch options.output {
    case .table:
      var services = TableRenderer(columns: ServiceHealth.columns)
      var table = TableRenderer(columns: Self.columns)
      var text = health.map { services.add($0.record) }.joined() + services.finish()
      let rows = syncs.map { table.add($0) }.joined() + table.finish()
      if !rows.isEmpty { text += "\n" + rows }
      try session.environment.output.write(text)
    case .name, .jsonl:
      let printer = session.printer()
      for sync in syncs { try printer.add(sync) }
      try printer.finish()
    case .json, .yaml:
      try session.printer().show(
        Record(
          name: "",
          fields: [
            "context": .text(orNull: session.contextName ?? ""),
            "workspace": .text(try session.workspace()),
            "services": .list(health.map { .object($0.record.fields) }),
            "syncs": .list(syncs.map { .object($0.fields) }),
          ]
        )
      )
    }
    try session.environment.output.flush()
    if isUp, syncs.isEmpty { session.hint("no sync yet; make one with: sluice apply -f FILE") }
    return try session.conclude(health)
  }
}

extension Session {
  fileprivate func syncsWithLatestRun() async throws -> [Record] {
    let workspace = try workspace()
    let orchestrator = try links.orchestrator()
    let syncs = try await calling(.orchestrator) {
      try await orchestrator.listSyncs(
        ListSyncsRequest(workspace: workspace),
        options: callOptions
      ) { syncs in
        var result: [Sync] = []
        while let sync = try await syncs.next() { result.append(sync) }
        return result
      }
    }
    var records: [Record] = []
    for sync in syncs {
      let request = ListRunsRequest(workspace: workspace, sync: sync.name, limit: 1)
      let run = try await calling(.orchestrator) {
        try await orchestrator.listRuns(request, options: callOptions) { try await $0.next() }
      }
      records.append(
        Record(
          name: sync.name,
          fields: [
            "name": .text(sync.name), "source": .text(sync.source),
            "data": .text(sync.data.model?.rawValue ?? "unknown"),
            "state": .text(sync.state.name ?? "unknown"),
            "run_id": .text(orNull: run?.runId ?? ""),
            "status": .text(orNull: run?.statusName ?? ""),
            "rows_read": .integer(orNull: run?.rowsRead),
            "rejected": .integer(orNull: run?.rejected), "cursor": .time(run?.cursor),
            "started_at": .time(run?.startedAt),
            "finished_at": .time(orNullIfZero: run?.finishedAt ?? 0),
            "error_code": .text(orNull: run?.errorCode ?? ""),
            "error_message": .text(orNull: run?.errorMessage ?? ""),
          ]
        )
      )
    }
    return records
  }
}
