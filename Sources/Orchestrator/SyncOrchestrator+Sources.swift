public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel
import Warehouse

extension SyncOrchestrator {
  /// Creates a source, or changes one; its syncs then need a new test (R135).
  public func putSource(_ request: PutSourceRequest, context: ServerContext) async throws
    -> PutSourceResponse
  {
    try await answering(context) {
      var source = try SourceRules.validated(request.source, warehouses: warehouses)
      try await credentials.check(source, driver: try warehouses.driver(source.type))
      let now = world.now()
      source.createdAt = now
      source.updatedAt = now
      let wanted = source
      return try await database.transaction { connection in
        guard let stored = try connection.source(workspace: wanted.workspace, name: wanted.name)
        else {
          try connection.insert(wanted)
          return PutSourceResponse(source: wanted.message, change: .created)
        }
        if stored.saysTheSame(as: wanted) {
          return PutSourceResponse(source: stored.message, change: .unchanged)
        }
        var changed = wanted
        changed.createdAt = stored.createdAt
        try connection.update(changed)
        try connection.returnSyncsToDraft(
          workspace: wanted.workspace,
          source: wanted.name,
          at: now
        )
        return PutSourceResponse(source: changed.message, change: .updated)
      }
    }
  }

  public func deleteSource(
    _ request: DeleteSourceRequest,
    context: ServerContext
  ) async throws -> DeleteSourceResponse {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      try await database.transaction { connection in
        let source = try connection.existingSource(workspace: workspace, name: request.name)
        let syncs = try connection.rows(
          "SELECT name FROM syncs WHERE workspace = ?1 AND source = ?2 ORDER BY name",
          [.text(workspace), .text(source.name)]
        ) { $0.string(0) }
        guard syncs.isEmpty else {
          throw RPCError(
            .failedPrecondition,
            "source \"\(source.name)\" is read by \(syncs.map { "\"\($0)\"" }.joined(separator: ", ")); delete the syncs first",
            reason: "source_in_use"
          )
        }
        let key: [SQLValue] = [.text(workspace), .text(source.name)]
        try connection.execute(
          "DELETE FROM source_settings WHERE workspace = ?1 AND source = ?2",
          key
        )
        try connection.execute("DELETE FROM sources WHERE workspace = ?1 AND name = ?2", key)
      }
      return DeleteSourceResponse()
    }
  }

  public func getSource(_ request: GetSourceRequest, context: ServerContext) async throws -> Source
  {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      return try await database.read { connection in
        try connection.existingSource(workspace: workspace, name: request.name).message
      }
    }
  }

  public func listSources(
    _ request: ListSourcesRequest,
    responses: RPCWriter<Source>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      var last = ""
      while true {
        let after = last
        let page = try await database.read { connection in
          try connection.sources(workspace: workspace, after: after, limit: Self.pageSize)
        }
        for source in page { try await responses.write(source.message) }
        guard page.count == Self.pageSize, let name = page.last?.name else { return }
        last = name
      }
    }
  }
}
