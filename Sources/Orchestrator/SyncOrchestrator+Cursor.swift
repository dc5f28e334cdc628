import Logging
public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel
import Warehouse
import WriterAPI

extension SyncOrchestrator {
  /// Moves by hand that are shown.
  private static let shownMoves = 20

  public func getCursor(_ request: GetCursorRequest, context: ServerContext) async throws -> Cursor
  {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      return try await database.read { connection in
        let sync = try connection.existingSync(workspace: workspace, name: request.sync)
        let moves = try connection.cursorMoves(
          workspace: workspace,
          sync: sync.name,
          limit: Self.shownMoves
        )
        return Cursor(
          sync: sync.name,
          position: sync.cursor?.nanoseconds,
          updatedAt: sync.cursorAt.nanoseconds,
          moves: moves.map(\.message)
        )
      }
    }
  }

  /// Says what a move of the cursor would mean, and makes it. The writer owns the position: it is asked
  /// where it is, and moves it (design, decision 3).
  public func moveCursor(
    _ request: MoveCursorRequest,
    context: ServerContext
  ) async throws -> MoveCursorResponse {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      let target = try CursorTarget(request)
      if request.dryRun {
        let (sync, source) = try await stored(workspace, request.sync)
        return try await preview(target, of: sync, from: source).response(moved: false)
      }
      // No run may begin meanwhile, nor be under way (R139).
      try board.claim(workspace: workspace, sync: request.sync)
      defer { board.release(workspace: workspace, sync: request.sync) }
      let (sync, source) = try await stored(workspace, request.sync)
      let preview = try await preview(target, of: sync, from: source)
      guard preview.mayApplyAgain || request.applyAgain else {
        throw RPCError(
          .failedPrecondition,
          "\(preview.againText); ask for it with apply_again (`--apply-again`) if that is meant",
          reason: "would_apply_again"
        )
      }
      let peer = context.peer.map { "\($0.role) \($0.instance)" } ?? "unknown"
      try await move(sync, preview, by: peer)
      return preview.response(moved: true)
    }
  }

  private func preview(
    _ target: CursorTarget,
    of sync: StoredSync,
    from source: StoredSource
  ) async throws -> CursorPreview {
    let standing = try await movePosition(
      of: sync,
      to: nil,
      epoch: sync.epoch,
      id: "preview",
      isDryRun: true
    )
    let previous = standing.previous.map(Timestamp.init(nanoseconds:))
    let knownFrom = standing.knownFrom.map(Timestamp.init(nanoseconds:))
    var preview = CursorPreview(
      sync: sync.name,
      data: sync.data,
      from: previous,
      to: try target.position(from: previous)
    )
    let (isForward, to) = (preview.isForward, preview.to)
    try await withConnection(to: source, for: sync.name, purpose: "cursor") { connection in
      func count(_ from: Timestamp?, _ before: Timestamp?) async throws -> ChangeCount {
        try await connection.countChanges(
          sync.selection,
          data: sync.data,
          from: from,
          before: before
        )
      }
      let read = try await count(to, nil)
      if let to, to > read.warehouseTime {
        throw invalid(
          "cursor_in_future",
          "\(CursorPreview.text(to)) is beyond the warehouse's own clock, which reads \(CursorPreview.text(read.warehouseTime)); rows until then would be left out"
        )
      }
      preview.rowsToRead = read.rows
      if isForward {
        preview.rowsSkipped = try await count(
          previous.map { $0.advanced(byNanoseconds: 1) },
          to
        ).rows
      }
      if let knownFrom, to.map({ $0 < knownFrom }) ?? true {
        preview.rowsAgain = try await count(to, knownFrom).rows
      }
    }
    return preview
  }

  /// Written down before the writer is asked, and after.
  private func move(_ sync: StoredSync, _ preview: CursorPreview, by peer: String) async throws {
    let (now, id) = (world.now(), world.newID())
    // Shielded: a caller who goes away must not leave the record behind what was done.
    try await shielded { [database] in
      let epoch = try await database.transaction { connection in
        let current = try connection.existingSync(workspace: sync.workspace, name: sync.name)
        guard current.saysTheSame(as: sync) else {
          throw RPCError(
            .aborted,
            "sync \"\(sync.name)\" was changed meanwhile; look at it and try again",
            reason: "changed_meanwhile"
          )
        }
        try connection.raiseEpoch(workspace: sync.workspace, sync: sync.name)
        try connection.insert(
          StoredCursorMove(
            id: id,
            workspace: sync.workspace,
            sync: sync.name,
            epoch: current.epoch + 1,
            movedAt: now,
            movedBy: peer,
            from: preview.from,
            to: preview.to,
            rowsAgain: preview.rowsAgain,
            rowsSkipped: preview.rowsSkipped
          )
        )
        return current.epoch + 1
      }
      do {
        _ = try await self.movePosition(
          of: sync,
          to: preview.to,
          epoch: epoch,
          id: id,
          isDryRun: false
        )
      } catch {
        let isKnown = (error as? RPCError)?.isTransient == false
        if isKnown { try await database.transaction { try $0.endCursorMove(id, .failed) } }
        throw error
      }
      try await database.transaction { connection in
        try connection.endCursorMove(id, .moved)
        try connection.setCursor(
          preview.to,
          workspace: sync.workspace,
          sync: sync.name,
          at: now
        )
      }
    }
    logger.notice(
      "cursor moved by hand",
      metadata: [
        "sync.name": "\(sync.name)", "peer": "\(peer)",
        "from": "\(preview.from.map(CursorPreview.text) ?? "the beginning")",
        "to": "\(preview.to.map(CursorPreview.text) ?? "the beginning")",
      ]
    )
  }

  private func movePosition(
    of sync: StoredSync,
    to position: Timestamp?,
    epoch: Int64,
    id: String,
    isDryRun: Bool
  ) async throws -> MovePositionResponse {
    let request = MovePositionRequest(
      // A dry run raises nothing, but no epoch is 0.
      opening: OpenSyncRequest(sync, epoch: UInt64(clamping: max(epoch, 1)), runID: id),
      position: position?.nanoseconds,
      dryRun: isDryRun
    )
    return try await retrying(
      configuration.peerRetry,
      while: { ($0 as? RPCError)?.isTransient == true }
    ) {
      try await writer.movePosition(
        request,
        options: CallOptions(timeout: configuration.callTimeout)
      )
    }
  }
}
