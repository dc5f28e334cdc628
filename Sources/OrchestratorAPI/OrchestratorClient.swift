public import RPC

/// Calls an orchestrator over RPC. Every method throws `RPCError`; a stream's call ends with its
/// `body`.
public struct OrchestratorClient: Sendable {
  private let client: RPCClient

  public init(_ client: RPCClient) { self.client = client }

  // MARK: Sources

  public func putSource(
    _ request: PutSourceRequest,
    options: CallOptions = CallOptions()
  ) async throws -> PutSourceResponse {
    try await client.unary(OrchestratorMethods.putSource, request, options: options)
  }

  public func getSource(
    _ request: GetSourceRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Source {
    try await client.unary(OrchestratorMethods.getSource, request, options: options)
  }

  public func listSources<Result: Sendable>(
    _ request: ListSourcesRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Source>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      OrchestratorMethods.listSources,
      request,
      options: options,
      body
    )
  }

  public func testSource<Result: Sendable>(
    _ request: TestSourceRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<TestEvent>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      OrchestratorMethods.testSource,
      request,
      options: options,
      body
    )
  }

  public func describeSetup(
    _ request: DescribeSetupRequest,
    options: CallOptions = CallOptions()
  ) async throws -> DescribeSetupResponse {
    try await client.unary(OrchestratorMethods.describeSetup, request, options: options)
  }

  // MARK: Syncs

  public func putSync(
    _ request: PutSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> PutSyncResponse {
    try await client.unary(OrchestratorMethods.putSync, request, options: options)
  }

  public func getSync(
    _ request: GetSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Sync {
    try await client.unary(OrchestratorMethods.getSync, request, options: options)
  }

  public func listSyncs<Result: Sendable>(
    _ request: ListSyncsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Sync>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(OrchestratorMethods.listSyncs, request, options: options, body)
  }

  public func testSync<Result: Sendable>(
    _ request: TestSyncRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<TestEvent>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(OrchestratorMethods.testSync, request, options: options, body)
  }

  public func activateSync(
    _ request: ActivateSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Sync {
    try await client.unary(OrchestratorMethods.activateSync, request, options: options)
  }

  public func deleteSync(
    _ request: DeleteSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> DeleteSyncResponse {
    try await client.unary(OrchestratorMethods.deleteSync, request, options: options)
  }

  public func deleteSource(
    _ request: DeleteSourceRequest,
    options: CallOptions = CallOptions()
  ) async throws -> DeleteSourceResponse {
    try await client.unary(OrchestratorMethods.deleteSource, request, options: options)
  }

  public func cancelRun(
    _ request: CancelRunRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Run {
    try await client.unary(OrchestratorMethods.cancelRun, request, options: options)
  }

  public func testAlert(
    _ request: TestAlertRequest,
    options: CallOptions = CallOptions()
  ) async throws -> TestAlertResponse {
    try await client.unary(OrchestratorMethods.testAlert, request, options: options)
  }

  public func pauseSync(
    _ request: PauseSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Sync {
    try await client.unary(OrchestratorMethods.pauseSync, request, options: options)
  }

  // MARK: Runs

  public func runSync(
    _ request: RunSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Run {
    try await client.unary(OrchestratorMethods.runSync, request, options: options)
  }

  public func dryRunSync<Result: Sendable>(
    _ request: DryRunSyncRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<DryRunEvent>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      OrchestratorMethods.dryRunSync,
      request,
      options: options,
      body
    )
  }

  public func explainRow(
    _ request: ExplainRowRequest,
    options: CallOptions = CallOptions()
  ) async throws -> ExplainRowResponse {
    try await client.unary(OrchestratorMethods.explainRow, request, options: options)
  }

  public func getRun(
    _ request: GetRunRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Run {
    try await client.unary(OrchestratorMethods.getRun, request, options: options)
  }

  public func listRuns<Result: Sendable>(
    _ request: ListRunsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Run>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(OrchestratorMethods.listRuns, request, options: options, body)
  }

  public func watchRun<Result: Sendable>(
    _ request: WatchRunRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Run>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(OrchestratorMethods.watchRun, request, options: options, body)
  }

  public func moveCursor(
    _ request: MoveCursorRequest,
    options: CallOptions = CallOptions()
  ) async throws -> MoveCursorResponse {
    try await client.unary(OrchestratorMethods.moveCursor, request, options: options)
  }

  public func getCursor(
    _ request: GetCursorRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Cursor {
    try await client.unary(OrchestratorMethods.getCursor, request, options: options)
  }
}
