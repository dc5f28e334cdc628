import OrchestratorAPI
import RPC
import SyncModel
import WriterAPI

/// Answers every call with the name of the method that was reached, and what the request named.
struct NamingOrchestrator: OrchestratorService {
  func putSource(
    _ request: PutSourceRequest,
    context: ServerContext
  ) async throws -> PutSourceResponse {
    PutSourceResponse(source: Source(name: "putSource"), change: .created)
  }

  func getSource(_ request: GetSourceRequest, context: ServerContext) async throws -> Source {
    Source(workspace: request.name, name: "getSource")
  }

  func listSources(
    _ request: ListSourcesRequest,
    responses: RPCWriter<Source>,
    context: ServerContext
  ) async throws {
    try await responses.write(Source(name: "listSources"))
    try await responses.write(Source(name: request.workspace))
  }

  func testSource(
    _ request: TestSourceRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws {
    try await responses.write(TestEvent(progress: "testSource \(request.table)"))
  }

  func putSync(_ request: PutSyncRequest, context: ServerContext) async throws -> PutSyncResponse {
    PutSyncResponse(sync: Sync(name: "putSync"), change: .updated)
  }

  func getSync(_ request: GetSyncRequest, context: ServerContext) async throws -> Sync {
    Sync(workspace: request.name, name: "getSync")
  }

  func listSyncs(
    _ request: ListSyncsRequest,
    responses: RPCWriter<Sync>,
    context: ServerContext
  ) async throws {
    try await responses.write(Sync(name: "listSyncs"))
  }

  func testSync(
    _ request: TestSyncRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws {
    try await responses.write(TestEvent(progress: "testSync"))
  }

  func activateSync(_ request: ActivateSyncRequest, context: ServerContext) async throws -> Sync {
    Sync(workspace: request.name, name: "activateSync")
  }

  func pauseSync(_ request: PauseSyncRequest, context: ServerContext) async throws -> Sync {
    Sync(workspace: request.name, name: "pauseSync")
  }

  func testAlert(
    _ request: TestAlertRequest,
    context: ServerContext
  ) async throws -> TestAlertResponse { TestAlertResponse(contacts: ["testAlert"]) }

  func deleteSync(
    _ request: DeleteSyncRequest,
    context: ServerContext
  ) async throws -> DeleteSyncResponse { DeleteSyncResponse() }

  func deleteSource(
    _ request: DeleteSourceRequest,
    context: ServerContext
  ) async throws -> DeleteSourceResponse { DeleteSourceResponse() }

  func cancelRun(_ request: CancelRunRequest, context: ServerContext) async throws -> Run {
    Run(runId: "cancelRun", sync: request.runId)
  }

  func dryRunSync(
    _ request: DryRunSyncRequest,
    responses: RPCWriter<DryRunEvent>,
    context: ServerContext
  ) async throws {
    try await responses.write(DryRunEvent(run: Run(runId: "dryRunSync", sync: request.name)))
  }

  func explainRow(
    _ request: ExplainRowRequest,
    context: ServerContext
  ) async throws -> ExplainRowResponse {
    ExplainRowResponse(reason: "explainRow", externalId: request.externalId)
  }

  func runSync(_ request: RunSyncRequest, context: ServerContext) async throws -> Run {
    Run(runId: "runSync", sync: request.name)
  }

  func getRun(_ request: GetRunRequest, context: ServerContext) async throws -> Run {
    Run(runId: "getRun", sync: request.runId)
  }

  func listRuns(
    _ request: ListRunsRequest,
    responses: RPCWriter<Run>,
    context: ServerContext
  ) async throws {
    try await responses.write(Run(runId: "listRuns"))
  }

  func watchRun(
    _ request: WatchRunRequest,
    responses: RPCWriter<Run>,
    context: ServerContext
  ) async throws {
    try await responses.write(Run(runId: "watchRun"))
  }

  func describeSetup(
    _ request: DescribeSetupRequest,
    context: ServerContext
  ) async throws -> DescribeSetupResponse {
    DescribeSetupResponse(type: "describeSetup")
  }

  func getCursor(_ request: GetCursorRequest, context: ServerContext) async throws -> Cursor {
    Cursor(sync: "getCursor", position: 0)
  }

  func moveCursor(
    _ request: MoveCursorRequest,
    context: ServerContext
  ) async throws -> MoveCursorResponse { MoveCursorResponse(sync: "moveCursor \(request.sync)") }
}

/// As `NamingOrchestrator`; a batch is answered with its number.
struct NamingWriter: WriterService {
  func openSync(
    _ request: OpenSyncRequest,
    context: ServerContext
  ) async throws -> OpenSyncResponse {
    OpenSyncResponse(nextBatchNumber: request.epoch, position: nil, readFrom: 0)
  }

  func movePosition(
    _ request: MovePositionRequest,
    context: ServerContext
  ) async throws -> MovePositionResponse { MovePositionResponse(previous: request.position) }

  func applyBatches(
    _ requests: RPCReader<ApplyBatchRequest>,
    responses: RPCWriter<Receipt>,
    context: ServerContext
  ) async throws {
    while let request = try await requests.next() {
      guard request.epoch > 0 else {
        throw RPCError(.failedPrecondition, "the epoch is old", reason: "stale_epoch")
      }
      try await responses.write(try await applyBatch(request, context: context))
    }
  }

  func applyBatch(_ request: ApplyBatchRequest, context: ServerContext) async throws -> Receipt {
    Receipt(
      batchNumber: request.batchNumber,
      batchId: request.batchId,
      applied: Int64(request.rows.count)
    )
  }

  func listRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws {
    for index in 0..<request.limit { try await responses.write(RejectedRow(rowIndex: index)) }
  }

  func exportRejectedRows(
    _ request: ListRejectedRowsRequest,
    responses: RPCWriter<RejectedRow>,
    context: ServerContext
  ) async throws {
    try await responses.write(RejectedRow(code: "exportRejectedRows", payload: []))
  }

  func retryRows(
    _ request: RetryRowsRequest,
    responses: RPCWriter<RetriedRows>,
    context: ServerContext
  ) async throws {
    try await responses.write(RetriedRows(applied: 1))
    try await responses.write(RetriedRows(rejected: 2))
  }

  func getProfile(_ request: GetProfileRequest, context: ServerContext) async throws -> Profile {
    Profile(brazeId: "getProfile", externalId: request.externalId)
  }

  func explainAttribute(
    _ request: ExplainAttributeRequest,
    context: ServerContext
  ) async throws -> AttributeOrigins {
    AttributeOrigins(origins: [AttributeOrigin(item: "explain " + request.attribute)])
  }

  func evaluateBatch(
    _ request: EvaluateBatchRequest,
    context: ServerContext
  ) async throws -> BatchEvaluation {
    BatchEvaluation(applied: Int64(request.rows.count), position: request.positionLimit)
  }

  func explainUser(
    _ request: ExplainUserRequest,
    context: ServerContext
  ) async throws -> UserExplanation {
    UserExplanation(brazeId: "explainUser", externalId: request.profile?.externalId ?? "")
  }

  func exportProfiles(
    _ request: ExportProfilesRequest,
    responses: RPCWriter<Profile>,
    context: ServerContext
  ) async throws {
    try await responses.write(Profile(brazeId: "exportProfiles"))
  }

  func countProfiles(
    _ request: CountProfilesRequest,
    context: ServerContext
  ) async throws -> ProfileCounts {
    ProfileCounts(revenue: "countProfiles")
  }
}
