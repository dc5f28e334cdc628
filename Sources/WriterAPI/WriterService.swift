public import RPC

/// What a writer does: the service itself, or a fake of it. `WriterClient` reaches one over RPC.
public protocol WriterService: Sendable {
  /// Raises the sync's fence and answers the durable position that the run must start from.
  /// FAILED_PRECONDITION (reason `stale_epoch`) when a higher epoch was seen.
  func openSync(
    _ request: OpenSyncRequest,
    context: ServerContext
  ) async throws -> OpenSyncResponse

  /// One receipt a batch, in order. Ends with FAILED_PRECONDITION for a stale epoch or an
  /// unexpected batch number; what was receipted stays applied.
  func applyBatches(
    _ requests: RPCReader<ApplyBatchRequest>,
    responses: RPCWriter<Receipt>,
    context: ServerContext
  ) async throws

  /// As `applyBatches`, for a single batch.
  func applyBatch(_ request: ApplyBatchRequest, context: ServerContext) async throws -> Receipt

  /// Moves a sync's position by hand; raises the fence like `openSync`. FAILED_PRECONDITION (reason
  /// `stale_epoch`) when a higher epoch was seen.
  func movePosition(
    _ request: MovePositionRequest,
    context: ServerContext
  ) async throws -> MovePositionResponse

  /// Rejected rows, in the order in which they were read.
  func listRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws

  /// As `listRejectedRows`, with payloads.
  func exportRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws

  /// Applies rejected rows again; one message a portion, once it is durable.
  func retryRows(
    _ request: RetryRowsRequest,
    responses: RPCWriter<RetriedRows>,
    context: ServerContext
  ) async throws

  /// NOT_FOUND when no profile has that identifier.
  func getProfile(_ request: GetProfileRequest, context: ServerContext) async throws -> Profile

  /// Which row, run and sync set an attribute last. NOT_FOUND when no profile has that identifier.
  func explainAttribute(
    _ request: ExplainAttributeRequest,
    context: ServerContext
  ) async throws -> AttributeOrigins

  /// What rows would do to the profiles as they are now. Changes nothing.
  func evaluateBatch(
    _ request: EvaluateBatchRequest,
    context: ServerContext
  ) async throws -> BatchEvaluation

  /// The profile that an identifier resolves to, and the user's rows in a sync's row log; empty for a
  /// user whom nobody knows.
  func explainUser(
    _ request: ExplainUserRequest,
    context: ServerContext
  ) async throws -> UserExplanation

  /// Every profile of a workspace.
  func exportProfiles(
    _ request: ExportProfilesRequest,
    responses: RPCWriter<Profile>,
    context: ServerContext
  ) async throws

  func countProfiles(
    _ request: CountProfilesRequest,
    context: ServerContext
  ) async throws -> ProfileCounts
}

/// Offers a writer to a server.
public struct WriterRegistration: RPCService {
  private let service: any WriterService

  public init(_ service: any WriterService) { self.service = service }

  public var protoFiles: [ProtoFile] { [WriterProto.file] }

  public func register(with router: inout RPCRouter) {
    let service = service
    router.restrict(to: WriterMethods.roles)
    router.unary(WriterMethods.openSync) {
      try await service.openSync($0, context: $1)
    }
    router.bidirectional(WriterMethods.applyBatches) {
      try await service.applyBatches($0, responses: $1, context: $2)
    }
    router.unary(WriterMethods.applyBatch) {
      try await service.applyBatch($0, context: $1)
    }
    router.unary(WriterMethods.movePosition) {
      try await service.movePosition($0, context: $1)
    }
    router.serverStreaming(WriterMethods.listRejectedRows) {
      try await service.listRejectedRows($0, responses: $1, context: $2)
    }
    router.serverStreaming(WriterMethods.exportRejectedRows) {
      try await service.exportRejectedRows($0, responses: $1, context: $2)
    }
    router.serverStreaming(WriterMethods.retryRows) {
      try await service.retryRows($0, responses: $1, context: $2)
    }
    router.unary(WriterMethods.getProfile) {
      try await service.getProfile($0, context: $1)
    }
    router.unary(WriterMethods.explainAttribute) {
      try await service.explainAttribute($0, context: $1)
    }
    router.unary(WriterMethods.evaluateBatch) {
      try await service.evaluateBatch($0, context: $1)
    }
    router.unary(WriterMethods.explainUser) {
      try await service.explainUser($0, context: $1)
    }
    router.serverStreaming(WriterMethods.exportProfiles) {
      try await service.exportProfiles($0, responses: $1, context: $2)
    }
    router.unary(WriterMethods.countProfiles) {
      try await service.countProfiles($0, context: $1)
    }
  }
}
