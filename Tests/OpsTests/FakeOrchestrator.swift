import OrchestratorAPI
import RPC
import Synchronization

/// An orchestrator in memory: it stores what it is told, and its runs are scripted by the test.
final class FakeOrchestrator: OrchestratorService {
  struct State {
    var sources: [Source] = []
    var syncs: [Sync] = []
    var runs: [Run] = []
    /// What a watch answers, in order; the last one stays the run's state.
    var script: [Run] = []
    /// A watch that never ends after its script.
    var watchHangs = false
    /// So many watches end as if the orchestrator had been killed.
    var lostWatches = 0
    var report = TestReport(ok: true, server: "SQLite 3.40.1")
    var cursor = Cursor()
    var cursorMove = MoveCursorResponse()
    var lastMove: MoveCursorRequest?
    var alerted = TestAlertResponse()
    var putWarnings: [String] = []
    /// What a dry run answers, in order; it hangs after them where a watch would.
    var dryRun: [DryRunEvent] = []
    var lastDryRun: DryRunSyncRequest?
    var explanation: ExplainRowResponse?
    var lastExplain: ExplainRowRequest?
    var lastSetup: DescribeSetupRequest?
    var lastTest: TestSourceRequest?
  }

  let state = Mutex(State())

  func putSource(_ request: PutSourceRequest, context: ServerContext) async throws
    -> PutSourceResponse
  {
    let source = request.source ?? Source()
    guard source.type == "sqlite" || source.type == "postgresql" else {
      throw RPCError(
        .failedPrecondition,
        "there is no source type \"\(source.type)\"",
        reason: "unknown_source_type"
      )
    }
    let change: Change = state.withLock { state in
      let index = state.sources.firstIndex { $0.name == source.name }
      guard let index else {
        state.sources.append(source)
        return .created
      }
      defer { state.sources[index] = source }
      return state.sources[index] == source ? .unchanged : .updated
    }
    return PutSourceResponse(source: source, change: change)
  }

  func getSource(_ request: GetSourceRequest, context: ServerContext) async throws -> Source {
    let found = state.withLock { $0.sources.first { $0.name == request.name } }
    guard let found else {
      throw RPCError(.notFound, "no source \"\(request.name)\"", reason: "source_not_found")
    }
    return found
  }

  func listSources(
    _ request: ListSourcesRequest,
    responses: RPCWriter<Source>,
    context: ServerContext
  ) async throws {
    for source in state.withLock({ $0.sources }) { try await responses.write(source) }
  }

  func testSource(
    _ request: TestSourceRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws {
    _ = try await getSource(
      GetSourceRequest(workspace: request.workspace, name: request.name),
      context: context
    )
    state.withLock { $0.lastTest = request }
    try await responses.write(TestEvent(progress: "connecting"))
    try await responses.write(TestEvent(report: state.withLock { $0.report }))
  }

  func putSync(_ request: PutSyncRequest, context: ServerContext) async throws -> PutSyncResponse {
    var sync = request.sync ?? Sync()
    sync.state = .draft
    let put = sync
    return state.withLock { state in
      let index = state.syncs.firstIndex { $0.name == put.name }
      var change = Change.created
      if let index {
        change = state.syncs[index] == put ? .unchanged : .updated
        state.syncs[index] = put
      } else {
        state.syncs.append(put)
      }
      return PutSyncResponse(sync: put, change: change, warnings: state.putWarnings)
    }
  }

  func getSync(_ request: GetSyncRequest, context: ServerContext) async throws -> Sync {
    let found = state.withLock { $0.syncs.first { $0.name == request.name } }
    guard let found else {
      throw RPCError(
        .notFound,
        "there is no sync \"\(request.name)\" in workspace \"\(request.workspace)\"",
        reason: "sync_not_found"
      )
    }
    return found
  }

  func listSyncs(
    _ request: ListSyncsRequest,
    responses: RPCWriter<Sync>,
    context: ServerContext
  ) async throws {
    for sync in state.withLock({ $0.syncs }) { try await responses.write(sync) }
  }

  func testSync(
    _ request: TestSyncRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws {
    _ = try await getSync(
      GetSyncRequest(workspace: request.workspace, name: request.name),
      context: context
    )
    try await responses.write(TestEvent(progress: "connecting"))
    try await responses.write(TestEvent(report: state.withLock { $0.report }))
  }

  func activateSync(_ request: ActivateSyncRequest, context: ServerContext) async throws -> Sync {
    try await setState(.active, request.workspace, request.name, context)
  }

  func testAlert(
    _ request: TestAlertRequest,
    context: ServerContext
  ) async throws -> TestAlertResponse { state.withLock { $0.alerted } }

  func deleteSync(
    _ request: DeleteSyncRequest,
    context: ServerContext
  ) async throws -> DeleteSyncResponse { throw RPCError(.unimplemented, "not in this fake") }

  func deleteSource(
    _ request: DeleteSourceRequest,
    context: ServerContext
  ) async throws -> DeleteSourceResponse { throw RPCError(.unimplemented, "not in this fake") }

  func cancelRun(_ request: CancelRunRequest, context: ServerContext) async throws -> Run {
    throw RPCError(.unimplemented, "not in this fake")
  }

  func pauseSync(_ request: PauseSyncRequest, context: ServerContext) async throws -> Sync {
    try await setState(.paused, request.workspace, request.name, context)
  }

  private func setState(
    _ new: SyncState,
    _ workspace: String,
    _ name: String,
    _ context: ServerContext
  ) async throws -> Sync {
    var sync = try await getSync(
      GetSyncRequest(workspace: workspace, name: name),
      context: context
    )
    guard new != .active || sync.tested else {
      throw RPCError(
        .failedPrecondition,
        "sync \"\(name)\" has no successful test",
        reason: "not_tested"
      )
    }
    sync.state = new
    let changed = sync
    state.withLock { state in
      state.syncs = state.syncs.map { $0.name == name ? changed : $0 }
    }
    return changed
  }

  func runSync(_ request: RunSyncRequest, context: ServerContext) async throws -> Run {
    let sync = try await getSync(
      GetSyncRequest(workspace: request.workspace, name: request.name),
      context: context
    )
    guard sync.state == .active else {
      throw RPCError(
        .failedPrecondition,
        "sync \"\(sync.name)\" is a draft",
        reason: "sync_is_draft"
      )
    }
    return try state.withLock { state in
      if state.runs.contains(where: { $0.sync == sync.name && $0.status == .running }) {
        throw RPCError(
          .failedPrecondition,
          "Another job is in progress",
          reason: "already_running"
        )
      }
      let run = Run(
        runId: "run-\(state.runs.count + 1)",
        workspace: sync.workspace,
        sync: sync.name,
        status: .running,
        trigger: "manual",
        phase: "connecting",
        startedAt: 1_704_067_200_000_000_000
      )
      state.runs.append(run)
      return run
    }
  }

  func dryRunSync(
    _ request: DryRunSyncRequest,
    responses: RPCWriter<DryRunEvent>,
    context: ServerContext
  ) async throws {
    let (events, hangs) = state.withLock { state in
      state.lastDryRun = request
      // So that a test's interruption sees that it is under way.
      if state.watchHangs { state.runs.append(Run(runId: "dry", sync: request.name)) }
      return (state.dryRun, state.watchHangs)
    }
    for event in events { try await responses.write(event) }
    if hangs { try await Task.sleep(for: .seconds(3600)) }
  }

  func explainRow(
    _ request: ExplainRowRequest,
    context: ServerContext
  ) async throws -> ExplainRowResponse {
    let answer = state.withLock { state in
      state.lastExplain = request
      return state.explanation
    }
    guard let answer else {
      throw RPCError(.notFound, "nobody knows this user", reason: "user_not_found")
    }
    return answer
  }

  func getRun(_ request: GetRunRequest, context: ServerContext) async throws -> Run {
    let found = state.withLock { $0.runs.first { $0.runId == request.runId } }
    guard let found else {
      throw RPCError(.notFound, "there is no run \(request.runId)", reason: "run_not_found")
    }
    return found
  }

  func listRuns(_ request: ListRunsRequest, responses: RPCWriter<Run>, context: ServerContext)
    async throws
  {
    let runs = state.withLock { state in
      state.runs.reversed().filter { request.sync.isEmpty || $0.sync == request.sync }
    }
    for run in runs.prefix(Int(request.limit == 0 ? 50 : request.limit)) {
      try await responses.write(run)
    }
  }

  func watchRun(_ request: WatchRunRequest, responses: RPCWriter<Run>, context: ServerContext)
    async throws
  {
    var run = try await getRun(
      GetRunRequest(workspace: request.workspace, runId: request.runId),
      context: context
    )
    let (script, hangs) = state.withLock { ($0.script, $0.watchHangs) }
    for step in script {
      let (id, sync) = (run.runId, run.sync)
      run = step
      run.runId = id
      run.sync = sync
      let now = run
      state.withLock { state in
        state.runs = state.runs.map { $0.runId == id ? now : $0 }
      }
      try await responses.write(now)
    }
    let isLost = state.withLock { state in
      state.lostWatches -= 1
      return state.lostWatches >= 0
    }
    if isLost { throw RPCError(.unavailable, "the connection was lost") }
    if hangs { try await Task.sleep(for: .seconds(3600)) }
  }

  func moveCursor(_ request: MoveCursorRequest, context: ServerContext) async throws
    -> MoveCursorResponse
  {
    _ = try await getSync(
      GetSyncRequest(workspace: request.workspace, name: request.sync),
      context: context
    )
    return try state.withLock { state in
      state.lastMove = request
      var answer = state.cursorMove
      if !request.dryRun, answer.rowsAgain > 0, !request.applyAgain {
        throw RPCError(
          .failedPrecondition,
          "\(answer.rowsAgain) rows would be applied again",
          reason: "would_apply_again"
        )
      }
      answer.moved = !request.dryRun
      return answer
    }
  }

  func describeSetup(
    _ request: DescribeSetupRequest,
    context: ServerContext
  ) async throws -> DescribeSetupResponse {
    let type = state.withLock { state in
      state.lastSetup = request
      return request.name.isEmpty
        ? request.type : state.sources.first { $0.name == request.name }?.type
    }
    guard let type else { throw RPCError(.notFound, "there is no source \(request.name)") }
    return DescribeSetupResponse(
      type: type,
      steps: [
        SetupStep(title: "Table", statements: "CREATE TABLE \(request.table);\n"),
        SetupStep(
          title: "Network",
          statements: request.addresses.map { "ALLOW \($0);\n" }.joined()
        ),
      ]
    )
  }

  func getCursor(_ request: GetCursorRequest, context: ServerContext) async throws -> Cursor {
    _ = try await getSync(
      GetSyncRequest(workspace: request.workspace, name: request.sync),
      context: context
    )
    return state.withLock { $0.cursor }
  }
}
