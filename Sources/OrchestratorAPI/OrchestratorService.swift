public import RPC

/// What an orchestrator does: the service itself, or a fake of it. `OrchestratorClient` reaches one
/// over RPC.
public protocol OrchestratorService: Sendable {
  func putSource(
    _ request: PutSourceRequest,
    context: ServerContext
  ) async throws -> PutSourceResponse

  /// NOT_FOUND when there is none of that name.
  func getSource(_ request: GetSourceRequest, context: ServerContext) async throws -> Source

  /// Every source of a workspace, by name.
  func listSources(
    _ request: ListSourcesRequest,
    responses: RPCWriter<Source>,
    context: ServerContext
  ) async throws

  /// Connects, and with a table also checks its columns and previews rows. The last event holds the
  /// report.
  func testSource(
    _ request: TestSourceRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws

  /// The statements that set a source's warehouse up, filled in. Nothing is connected to.
  func describeSetup(
    _ request: DescribeSetupRequest,
    context: ServerContext
  ) async throws -> DescribeSetupResponse

  func putSync(_ request: PutSyncRequest, context: ServerContext) async throws -> PutSyncResponse

  /// NOT_FOUND when there is none of that name.
  func getSync(_ request: GetSyncRequest, context: ServerContext) async throws -> Sync

  /// Every sync of a workspace, by name.
  func listSyncs(
    _ request: ListSyncsRequest,
    responses: RPCWriter<Sync>,
    context: ServerContext
  ) async throws

  /// As `testSource`, for the sync's own table and data type. A success is what activation asks for
  /// (R135).
  func testSync(
    _ request: TestSyncRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws

  /// Draft or paused to active; an active sync stays as it is. FAILED_PRECONDITION before a
  /// successful test of the current settings, or without a contact (R134).
  func activateSync(_ request: ActivateSyncRequest, context: ServerContext) async throws -> Sync

  /// Removes a sync that is not active. FAILED_PRECONDITION `sync_is_active`.
  func deleteSync(_ request: DeleteSyncRequest, context: ServerContext) async throws
    -> DeleteSyncResponse

  /// Removes a source that no sync reads from. FAILED_PRECONDITION `source_in_use` names the syncs.
  func deleteSource(_ request: DeleteSourceRequest, context: ServerContext) async throws
    -> DeleteSourceResponse

  /// Sends a mail to the sync's contacts now. FAILED_PRECONDITION `mail_not_configured`, or why it could
  /// not be handed over.
  func testAlert(_ request: TestAlertRequest, context: ServerContext) async throws
    -> TestAlertResponse

  /// Asks a run to end, and answers it when it has. FAILED_PRECONDITION `run_has_ended`.
  func cancelRun(_ request: CancelRunRequest, context: ServerContext) async throws -> Run

  /// Reads, validates and resolves everything and changes nothing, as long as the call lives.
  func dryRunSync(
    _ request: DryRunSyncRequest,
    responses: RPCWriter<DryRunEvent>,
    context: ServerContext
  ) async throws

  /// Why a user was or was not updated. NOT_FOUND when nobody knows the user.
  func explainRow(
    _ request: ExplainRowRequest,
    context: ServerContext
  ) async throws -> ExplainRowResponse

  func pauseSync(_ request: PauseSyncRequest, context: ServerContext) async throws -> Sync

  /// Starts a run and answers once it is recorded. FAILED_PRECONDITION "Another job is in progress"
  /// while one runs (R139), or when the sync is not active.
  func runSync(_ request: RunSyncRequest, context: ServerContext) async throws -> Run

  /// NOT_FOUND when there is none of that id.
  func getRun(_ request: GetRunRequest, context: ServerContext) async throws -> Run

  /// Newest first.
  func listRuns(
    _ request: ListRunsRequest,
    responses: RPCWriter<Run>,
    context: ServerContext
  ) async throws

  /// The run as it is now, then again at every change (at most twice a second), until it has ended.
  func watchRun(
    _ request: WatchRunRequest,
    responses: RPCWriter<Run>,
    context: ServerContext
  ) async throws

  /// Moves a cursor by hand, or says what that would mean. FAILED_PRECONDITION while a run is under way,
  /// or `would_apply_again`; INVALID_ARGUMENT `cursor_in_future`.
  func moveCursor(_ request: MoveCursorRequest, context: ServerContext) async throws
    -> MoveCursorResponse

  func getCursor(_ request: GetCursorRequest, context: ServerContext) async throws -> Cursor
}
