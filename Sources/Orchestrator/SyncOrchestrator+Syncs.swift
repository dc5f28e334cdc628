public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel

extension SyncOrchestrator {
  /// Creates a sync, or changes one. When what was tested changes, it goes back to draft (R135).
  public func putSync(_ request: PutSyncRequest, context: ServerContext) async throws
    -> PutSyncResponse
  {
    try await answering(context) {
      var wanted = try SyncRules.validated(
        request.sync,
        shortestInterval: configuration.shortestIntervalMinutes
      )
      let now = world.now()
      wanted.createdAt = now
      wanted.updatedAt = now
      let put = try await database.transaction { [wanted] connection in
        try connection.put(wanted)
      }
      var response = PutSyncResponse(
        sync: shown(put.sync, tested: await isTested(put.sync, from: put.source)),
        change: put.change,
        warnings: []
      )
      if put.movedFrom != nil, put.sync.cursor != nil {
        response.warnings.append(
          "the cursor stays where it is: rows of \"\(put.sync.table.isEmpty ? "the query" : put.sync.table)\" that are older are not read; create another sync to read from the beginning"
        )
      }
      if put.wentToDraft {
        response.warnings.append(
          "the sync is a draft again, because what it reads changed: `sluice sync test \(put.sync.name)`, then `sluice sync activate \(put.sync.name)`"
        )
      }
      return response
    }
  }

  public func getSync(_ request: GetSyncRequest, context: ServerContext) async throws -> Sync {
    try await answering(context) {
      let (sync, source) = try await stored(request.workspace, request.name)
      return shown(sync, tested: await isTested(sync, from: source))
    }
  }

  public func listSyncs(
    _ request: ListSyncsRequest,
    responses: RPCWriter<Sync>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      // One question a source, not a sync: the vault may be slow.
      var versions: [String: UInt32?] = [:]
      var last = ""
      while true {
        let after = last
        let page = try await database.read { connection in
          try connection.syncs(workspace: workspace, after: after, limit: Self.pageSize).map {
            ($0, try connection.source(workspace: workspace, name: $0.source))
          }
        }
        for (sync, source) in page {
          var tested = false
          if let source, let made = sync.tested {
            if versions[source.name] == nil {
              let version = await credentials.version(of: source, known: made.credentialVersion)
              versions[source.name] = .some(version)
            }
            tested = isTested(sync, from: source, version: versions[source.name] ?? nil)
          }
          try await responses.write(shown(sync, tested: tested))
        }
        guard page.count == Self.pageSize, let name = page.last?.0.name else { return }
        last = name
      }
    }
  }

  /// Makes a draft or paused sync active: after a successful test (R135), with a contact (R134).
  public func activateSync(_ request: ActivateSyncRequest, context: ServerContext) async throws
    -> Sync
  {
    try await answering(context) {
      let (sync, source) = try await stored(request.workspace, request.name)
      let tested = await isTested(sync, from: source)
      if sync.state == .active { return shown(sync, tested: tested) }
      guard tested else {
        throw RPCError(
          .failedPrecondition,
          "sync \"\(sync.name)\" has no successful test of its present settings: `sluice sync test \(sync.name)` first",
          reason: "not_tested"
        )
      }
      guard !sync.contacts.isEmpty else {
        throw RPCError(
          .failedPrecondition,
          "sync \"\(sync.name)\" has no contact: add a mail address to its contacts, so that somebody hears of its failures",
          reason: "contact_required"
        )
      }
      try await holds.hold(sync, of: source)
      let now = world.now()
      let active = try await database.transaction { connection in
        // What was looked at must still be so, or the test says nothing of it.
        let current = try connection.existingSync(workspace: sync.workspace, name: sync.name)
        guard current.saysTheSame(as: sync), current.tested == sync.tested,
          try connection.source(workspace: sync.workspace, name: sync.source) == source
        else {
          throw RPCError(
            .aborted,
            "sync \"\(sync.name)\" was changed meanwhile; look at it and try again",
            reason: "changed_meanwhile"
          )
        }
        try connection.setState(.active, workspace: sync.workspace, sync: sync.name, at: now)
        // Slots that went by while it was not active are nobody's.
        try connection.setLastSlot(
          now.nanoseconds / 1_000_000_000,
          workspace: sync.workspace,
          sync: sync.name
        )
        return try connection.existingSync(workspace: sync.workspace, name: sync.name)
      }
      return shown(active, tested: true)
    }
  }

  public func deleteSync(
    _ request: DeleteSyncRequest,
    context: ServerContext
  ) async throws -> DeleteSyncResponse {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      // No run may begin meanwhile, nor be under way.
      try board.claim(workspace: workspace, sync: request.name)
      defer { board.release(workspace: workspace, sync: request.name) }
      try await database.transaction { connection in
        let sync = try connection.existingSync(workspace: workspace, name: request.name)
        guard sync.state != .active else {
          throw RPCError(
            .failedPrecondition,
            "sync \"\(sync.name)\" is active: `sluice sync pause \(sync.name)` first",
            reason: "sync_is_active"
          )
        }
        try connection.delete(sync)
      }
      await holds.reconcile()
      return DeleteSyncResponse()
    }
  }

  /// Stops an active sync from being run; it keeps its cursor (R141). A run under way goes on.
  public func pauseSync(_ request: PauseSyncRequest, context: ServerContext) async throws -> Sync {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      let now = world.now()
      try await database.transaction { connection in
        let sync = try connection.existingSync(workspace: workspace, name: request.name)
        switch sync.state {
        case .paused: break
        case .active:
          try connection.setState(.paused, workspace: workspace, sync: sync.name, at: now)
        case .draft:
          throw Failure(
            "sync_is_draft",
            "sync \"\(sync.name)\" is a draft: there is nothing to pause",
            recovery: .needsOperator
          )
        }
      }
      await holds.reconcile()
      let (sync, source) = try await stored(workspace, request.name)
      return shown(sync, tested: await isTested(sync, from: source))
    }
  }

  /// As it travels, with when it runs next.
  private func shown(_ sync: StoredSync, tested: Bool) -> Sync {
    sync.message(tested: tested, nextRunAt: scheduler.nextSlot(of: sync, now: world.now()))
  }

  /// A sync that must exist, with its source.
  func stored(_ workspace: String, _ name: String) async throws -> (StoredSync, StoredSource) {
    let workspace = try Name.workspace(workspace)
    return try await database.read { connection in
      let sync = try connection.existingSync(workspace: workspace, name: name)
      return (sync, try connection.existingSource(workspace: workspace, name: sync.source))
    }
  }

  /// Whether the last successful test was of these very settings (R135).
  func isTested(_ sync: StoredSync, from source: StoredSource) async -> Bool {
    guard let tested = sync.tested else { return false }
    let version = await credentials.version(of: source, known: tested.credentialVersion)
    return isTested(sync, from: source, version: version)
  }

  private func isTested(_ sync: StoredSync, from source: StoredSource, version: UInt32?) -> Bool {
    guard let tested = sync.tested, let version else { return false }
    return tested == TestedSettings(source: source, sync: sync, credentialVersion: version)
  }
}
