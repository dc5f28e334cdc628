public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel
import Warehouse
import WriterAPI

extension SyncOrchestrator {
  static let defaultExplainedRows = 10
  static let mostExplainedRows: UInt32 = 50
  /// Entries of the row log that are looked at for a user.
  private static let loggedRows: UInt32 = 50

  /// Reads a user's rows in the source, whatever the cursor, and says of each what became of it.
  public func explainRow(
    _ request: ExplainRowRequest,
    context: ServerContext
  ) async throws -> ExplainRowResponse {
    try await answering(context) {
      let (sync, source) = try await stored(request.workspace, request.sync)
      let user = try ExplainedUser(request, workspace: sync.workspace)
      guard request.limit <= Self.mostExplainedRows else {
        throw invalid("invalid_limit", "limit must be from 0 to \(Self.mostExplainedRows)")
      }
      let limit = request.limit == 0 ? Self.defaultExplainedRows : Int(request.limit)
      let known = try await asking("writer") {
        try await writer.explainUser(
          ExplainUserRequest(
            profile: user.profile,
            sync: sync.name,
            limit: Self.loggedRows,
            incarnation: UInt64(clamping: sync.incarnation)
          ),
          options: CallOptions(timeout: configuration.callTimeout)
        )
      }
      let found = try await sourceRows(
        of: user.source,
        externalID: known.externalId,
        sync,
        source,
        limit: limit
      )
      guard !found.isEmpty || !known.rows.isEmpty || !known.brazeId.isEmpty else {
        throw RPCError(
          .notFound,
          "nobody knows a user with \(user.text): neither the source of sync \"\(sync.name)\" nor its row log nor the profile store",
          reason: "user_not_found"
        )
      }
      return try await explanation(of: found, known, user, sync)
    }
  }

  /// What the source has of a user.
  private struct Found {
    /// nil where it has no column for such an identifier.
    var rows: UserRows?
    /// Why not, or by what else the rows were found.
    var note = ""

    var isEmpty: Bool { rows.map { $0.rows.isEmpty && $0.rowsWithoutUpdatedAt == 0 } ?? true }
  }

  /// - Parameter externalID: of the user's profile, by which rows are looked for where the source has
  ///   no column for the identifier that was asked for; empty without one.
  private func sourceRows(
    of user: SourceUser,
    externalID: String,
    _ sync: StoredSync,
    _ source: StoredSource,
    limit: Int
  ) async throws -> Found {
    try await withConnection(to: source, for: sync.name, purpose: "explain") { connection in
      func rows(of user: SourceUser) async throws -> UserRows {
        try await connection.rows(of: user, in: sync.selection, data: sync.data, limit: limit)
      }
      do {
        return Found(rows: try await rows(of: user))
      } catch let failure as Failure where failure.code == "identifier_column_missing" {
        guard !externalID.isEmpty, let rows = try? await rows(of: .externalID(externalID)) else {
          return Found(note: failure.message)
        }
        return Found(
          rows: rows,
          note: "\(failure.message); its rows were found by the profile's external id"
        )
      }
    }
  }

  private func explanation(
    of found: Found,
    _ known: UserExplanation,
    _ user: ExplainedUser,
    _ sync: StoredSync
  ) async throws -> ExplainRowResponse {
    var request = EvaluateBatchRequest(sync)
    let standing = try await evaluated(request)
    let nextSlot = scheduler.nextSlot(of: sync, now: world.now())
    let time = found.rows?.warehouseTime ?? world.now()
    let explainer = RowExplainer(
      sync: sync,
      position: standing.position.map(Timestamp.init(nanoseconds:)),
      readFrom: standing.readFrom.map(Timestamp.init(nanoseconds:)),
      warehouseTime: time,
      nextRun: nextSlot == 0 ? nil : Timestamp(nanoseconds: nextSlot),
      isRunning: board.live(workspace: sync.workspace, sync: sync.name).map { !$0.isDryRun }
        ?? false,
      recordsSince: world.now().advanced(byNanoseconds: -Self.runRetention)
    )
    var response = ExplainRowResponse(
      sync: sync.name,
      brazeId: known.brazeId,
      externalId: known.externalId,
      position: standing.position,
      readFrom: standing.readFrom,
      more: found.rows?.hasMore ?? false,
      log: known.rows.map { LoggedRow($0) }
    )
    request.positionLimit = time.nanoseconds
    request.detailLimit = 1
    request.explain = true
    for row in found.rows?.rows ?? [] {
      // Each by itself: what one row would do must not be seen by the next.
      request.rows = row
      guard let evaluation = try await evaluated(request).rows.first else { continue }
      response.rows.append(try await explained(evaluation, known.rows, explainer))
    }
    if let count = found.rows?.rowsWithoutUpdatedAt, count > 0 {
      let explanation = RowExplainer.unstamped(count)
      response.rows.append(
        ExplainedRow(
          identifier: user.text,
          reason: explanation.reason.rawValue,
          message: explanation.message
        )
      )
    }
    summarize(&response, found, known, user)
    return response
  }

  private func explained(
    _ evaluation: RowEvaluation,
    _ log: [RejectedRow],
    _ explainer: RowExplainer
  ) async throws -> ExplainedRow {
    let logged = log.first {
      !$0.warning && $0.updatedAt == evaluation.updatedAt
        && $0.identifier.utf8.elementsEqual(evaluation.identifier.utf8)
    }
    let workspace = explainer.sync.workspace
    let run =
      evaluation.setByRun.isEmpty
      ? nil
      : try await database.read { connection in
        try connection.run(workspace: workspace, id: evaluation.setByRun)
      }
    let explanation = explainer.explain(evaluation, logged: logged, setBy: run)
    return ExplainedRow(
      identifier: evaluation.identifier,
      updatedAt: evaluation.updatedAt,
      reason: explanation.reason.rawValue,
      message: explanation.message,
      code: explanation.code,
      runId: explanation.runID,
      effect: RowDifference(evaluation)
    )
  }

  /// Says in one sentence what there is of the user.
  private func summarize(
    _ response: inout ExplainRowResponse,
    _ found: Found,
    _ known: UserExplanation,
    _ user: ExplainedUser
  ) {
    let profile =
      known.brazeId.isEmpty
      ? "no profile has this identifier"
      : "it resolves to profile \(known.brazeId)"
        + (known.externalId.isEmpty ? "" : " with external_id \(quoted(known.externalId))")
    if let newest = response.rows.first {
      response.reason = newest.reason
      let count = response.rows.count
      response.message =
        "\(user.text): \(profile)"
        + (found.note.isEmpty ? "" : "; \(found.note)")
        + (count > 1 ? "; the newest of its rows decides" : "")
      return
    }
    response.reason = RowExplainer.Reason.notInSource.rawValue
    response.message =
      "\(user.text): the source has no row of it"
      + (found.note.isEmpty ? "" : " (\(found.note))")
      + "; \(profile)"
      + (known.rows.isEmpty ? "" : "; the row log has \(known.rows.count) of its rows")
  }

  private func evaluated(_ request: EvaluateBatchRequest) async throws -> BatchEvaluation {
    try await asking("writer") {
      try await writer.evaluateBatch(
        request,
        options: CallOptions(timeout: configuration.callTimeout)
      )
    }
  }

  /// A person waits: a peer that does not answer is told of at once.
  private func asking<T>(_ peer: String, _ body: () async throws -> T) async throws -> T {
    do {
      return try await body()
    } catch {
      try Task.checkCancellation()
      throw failure(error, of: peer)
    }
  }
}
