import RPC
import Synchronization
import WriterAPI

/// A writer that only answers what the CLI asks.
final class FakeWriter: WriterService {
  struct State {
    var profiles: [Profile] = []
    var rejected: [RejectedRow] = []
    var counts = ProfileCounts()
    var lastExport: ExportProfilesRequest?
    var lastGet: GetProfileRequest?
    var origins: [AttributeOrigin] = []
    var lastExplain: ExplainAttributeRequest?
    /// What a retry answers, portion by portion, and how it ends.
    var retried: [RetriedRows] = []
    var retryFailure: RPCError?
    var lastRetry: RetryRowsRequest?
  }

  let state = Mutex(State())

  func openSync(_ request: OpenSyncRequest, context: ServerContext) async throws -> OpenSyncResponse
  {
    throw RPCError(.permissionDenied, "the CLI has no business here")
  }

  func movePosition(
    _ request: MovePositionRequest,
    context: ServerContext
  ) async throws -> MovePositionResponse {
    throw RPCError(.permissionDenied, "the CLI has no business here")
  }

  func applyBatches(
    _ requests: RPCReader<ApplyBatchRequest>,
    responses: RPCWriter<Receipt>,
    context: ServerContext
  ) async throws {
    throw RPCError(.permissionDenied, "the CLI has no business here")
  }

  func applyBatch(_ request: ApplyBatchRequest, context: ServerContext) async throws -> Receipt {
    throw RPCError(.permissionDenied, "the CLI has no business here")
  }

  func listRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws {
    for row in rows(request) { try await responses.write(row) }
  }

  func exportRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws {
    for var row in rows(request) {
      row.payload = Array(#"{"of":"\#(row.identifier)"}"#.utf8)
      try await responses.write(row)
    }
  }

  private func rows(_ request: ListRejectedRowsRequest) -> ArraySlice<RejectedRow> {
    let rows = state.withLock { $0.rejected }.filter {
      $0.runId == request.runId && (request.warnings || !$0.warning)
        && (request.code.isEmpty || request.code == $0.code)
        && (!request.open || $0.outcome.isEmpty)
    }
    return rows.prefix(request.limit == 0 ? rows.count : Int(request.limit))
  }

  func retryRows(
    _ request: RetryRowsRequest,
    responses: RPCWriter<RetriedRows>,
    context: ServerContext
  ) async throws {
    let (portions, failure) = state.withLock { state in
      state.lastRetry = request
      return (state.retried, state.retryFailure)
    }
    for portion in portions { try await responses.write(portion) }
    if let failure { throw failure }
  }

  func getProfile(_ request: GetProfileRequest, context: ServerContext) async throws -> Profile {
    let found = state.withLock { state in
      state.lastGet = request
      return state.profiles.first { $0.externalId == request.externalId }
    }
    guard let found else {
      throw RPCError(
        .notFound,
        "no profile has external_id \"\(request.externalId)\"",
        reason: "profile_not_found"
      )
    }
    return found
  }

  func explainAttribute(
    _ request: ExplainAttributeRequest,
    context: ServerContext
  ) async throws -> AttributeOrigins {
    state.withLock { state in
      state.lastExplain = request
      return AttributeOrigins(origins: state.origins)
    }
  }

  func evaluateBatch(
    _ request: EvaluateBatchRequest,
    context: ServerContext
  ) async throws -> BatchEvaluation {
    throw RPCError(.permissionDenied, "the CLI has no business here")
  }

  func explainUser(
    _ request: ExplainUserRequest,
    context: ServerContext
  ) async throws -> UserExplanation { throw RPCError(.unimplemented, "not in this fake") }

  func exportProfiles(
    _ request: ExportProfilesRequest,
    responses: RPCWriter<Profile>,
    context: ServerContext
  ) async throws {
    let profiles = state.withLock { state in
      state.lastExport = request
      return state.profiles
    }
    for profile in profiles { try await responses.write(profile) }
  }

  func countProfiles(_ request: CountProfilesRequest, context: ServerContext) async throws
    -> ProfileCounts
  {
    return state.withLock { $0.counts }
  }
}
