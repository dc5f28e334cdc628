import OrchestratorAPI
import SyncModel
import TestSupport
import VaultAPI
import Wire
import WriterAPI

/// What all messages can do; one name, as a macro takes no composition of protocols.
typealias SampleMessage = WireMessage & Equatable

/// One message of every type, with every field set to something that is not its default. The
/// `GoldenTests` hold the bytes that the reference implementation makes of them.
enum Samples {
  // MARK: Orchestrator

  static let source = Source(
    workspace: "w",
    name: "shop",
    type: "sqlite",
    settings: ["path": "/a.db"],
    credential: "c",
    createdAt: 1,
    updatedAt: 2
  )
  static let sync = Sync(
    workspace: "w",
    name: "s",
    source: "shop",
    table: "t",
    query: "q",
    data: .purchases,
    destination: "profiles",
    schedule: "manual",
    timeZone: "UTC",
    contacts: ["a@b", "c@d"],
    options: SyncOptions(overlapNs: 0, updateExistingOnly: true, rowLimit: 5),
    state: .active,
    tested: true,
    createdAt: 1,
    updatedAt: 2
  )
  static let testEvent = TestEvent(
    progress: "p",
    report: TestReport(
      ok: true,
      errorCode: "e",
      errorMessage: "m",
      warnings: ["w"],
      columns: [Column(name: "ID", type: "text")],
      preview: [PreviewRow(values: [PreviewValue(text: ""), PreviewValue()])],
      rowsWithoutUpdatedAt: 3,
      server: "SQLite 3"
    )
  )
  static let run = Run(
    runId: "r",
    workspace: "w",
    sync: "s",
    status: .cancelled,
    trigger: "manual",
    phase: "reading",
    rowsRead: 1,
    applied: 2,
    unchanged: 3,
    alreadyApplied: 4,
    superseded: 5,
    skipped: 6,
    rejected: 7,
    rowsReported: 0,
    cursor: -5,
    startedAt: 8,
    finishedAt: 9,
    errorCode: "e",
    errorMessage: "m",
    warnings: ["a", ""],
    bytesRead: 10,
    dryRun: true
  )
  static let putSource = PutSourceRequest(source: source)
  static let putSourceResponse = PutSourceResponse(source: source, change: .unchanged)
  static let getSource = GetSourceRequest(workspace: "w", name: "n")
  static let listSources = ListSourcesRequest(workspace: "w")
  static let testSource = TestSourceRequest(workspace: "w", name: "n", table: "t", data: .events)
  static let putSync = PutSyncRequest(sync: sync)
  static let putSyncResponse = PutSyncResponse(sync: sync, change: .updated, warnings: ["x"])
  static let getSync = GetSyncRequest(workspace: "w", name: "n")
  static let listSyncs = ListSyncsRequest(workspace: "w")
  static let testSync = TestSyncRequest(workspace: "w", name: "n")
  static let activateSync = ActivateSyncRequest(workspace: "w", name: "n")
  static let pauseSync = PauseSyncRequest(workspace: "w", name: "n")
  static let testAlert = TestAlertRequest(workspace: "w", sync: "s")
  static let testAlertResponse = TestAlertResponse(contacts: ["a@example.com", ""], webhook: true)
  static let deleteSync = DeleteSyncRequest(workspace: "w", name: "n")
  static let deleteSource = DeleteSourceRequest(workspace: "w", name: "n")
  static let cancelRun = CancelRunRequest(workspace: "w", runId: "r")
  static let runSync = RunSyncRequest(workspace: "w", name: "n")
  static let getRun = GetRunRequest(workspace: "w", runId: "r")
  static let listRuns = ListRunsRequest(workspace: "w", sync: "s", limit: 1000)
  static let watchRun = WatchRunRequest(workspace: "w", runId: "r")
  static let describeSetup = DescribeSetupRequest(
    workspace: "w",
    name: "n",
    type: "t",
    settings: ["a": "b"],
    credential: "c",
    table: "x.y",
    data: .deletes,
    addresses: ["192.0.2.1", ""]
  )
  static let describeSetupResponse = DescribeSetupResponse(
    type: "t",
    steps: [SetupStep(title: "T", statements: "S;\n"), SetupStep()]
  )
  static let getCursor = GetCursorRequest(workspace: "w", sync: "s")
  static let cursor = Cursor(
    sync: "s",
    position: 0,
    updatedAt: 4,
    moves: [
      CursorMove(
        movedAt: 1,
        movedBy: "operator 1",
        from: 0,
        to: -2,
        outcome: "moved",
        rowsAgain: 3,
        rowsSkipped: 4
      ), CursorMove(),
    ]
  )
  static let moveCursor = MoveCursorRequest(
    workspace: "w",
    sync: "s",
    to: 0,
    backNs: 1,
    toBeginning: true,
    dryRun: true,
    applyAgain: true
  )
  static let moveCursorResponse = MoveCursorResponse(
    sync: "s",
    from: 0,
    to: -1,
    moved: true,
    rowsToRead: 1,
    rowsAgain: 2,
    rowsSkipped: 3,
    warnings: ["w", ""]
  )

  // MARK: Writer

  static let openSync = OpenSyncRequest(
    workspace: "w",
    sync: "s",
    epoch: .max,
    runId: "r",
    destination: "profiles",
    data: .deletes,
    overlapNs: 600_000_000_000,
    updateExistingOnly: true,
    applyUnchanged: true,
    incarnation: .max
  )
  static let movePosition = MovePositionRequest(opening: openSync, position: 0, dryRun: true)
  static let movePositionResponse = MovePositionResponse(previous: 0, knownFrom: -1)
  static let openSyncResponse = OpenSyncResponse(
    nextBatchNumber: .max,
    position: 0,
    readFrom: -600_000_000_000
  )
  static let rows: RowBatch = {
    var cut = OwnedRow(
      updatedAt: -1,
      aliasName: "a",
      aliasLabel: "l",
      brazeID: "b",
      phone: "p",
      payload: "x"
    )
    // Not UTF-8: bytes travel as they are (design, decision 13).
    cut.email = [0xFF]
    cut.oversizedPayload = 1_048_577
    return .of([OwnedRow(updatedAt: 1, externalID: "", payload: "{}"), cut])
  }()
  static let applyBatch = ApplyBatchRequest(
    workspace: "w",
    sync: "s",
    epoch: 1,
    batchNumber: 2,
    batchId: "b",
    runId: "r",
    positionLimit: 3,
    rows: rows,
    incarnation: 1
  )
  static let receipt = Receipt(
    batchNumber: 1,
    batchId: "b",
    applied: 1,
    unchanged: 2,
    alreadyApplied: 3,
    superseded: 4,
    skipped: 5,
    rejected: 6,
    position: 0,
    futureRows: 7,
    warnings: 8
  )
  static let listRejectedRows = ListRejectedRowsRequest(
    workspace: "w",
    sync: "s",
    runId: "r",
    limit: 5,
    warnings: true,
    code: "c",
    open: true
  )
  static let rejectedRow = RejectedRow(
    runId: "r",
    batchNumber: 1,
    rowIndex: .max,
    updatedAt: -2,
    identifier: "external_id=42",
    code: "c",
    message: "m",
    rejectedAt: 3,
    warning: true,
    retryable: true,
    retriedAt: 0,
    outcome: "applied",
    outcomeAt: 4,
    outcomeRunId: "q",
    payload: Array("{}".utf8)
  )
  static let retryRows = RetryRowsRequest(
    workspace: "w",
    sync: "s",
    runId: "r",
    code: "c",
    externalId: "e",
    aliasName: "n",
    aliasLabel: "l",
    brazeId: "b",
    email: "m",
    phone: "p"
  )
  static let retriedRows = RetriedRows(
    applied: 1,
    unchanged: 2,
    superseded: 3,
    skipped: 4,
    rejected: 5,
    warnings: 6,
    notKept: 7,
    unreadable: 8
  )
  static let getProfile = GetProfileRequest(
    workspace: "w",
    externalId: "e",
    aliasName: "n",
    aliasLabel: "l",
    brazeId: "b",
    email: "m",
    phone: "p",
    events: true
  )
  static let explainAttribute = ExplainAttributeRequest(profile: getProfile, attribute: "a")
  static let attributeOrigins = AttributeOrigins(
    origins: [
      AttributeOrigin(
        item: "i",
        value: "",
        type: "number",
        updatedAt: -1,
        assignedAt: 0,
        sync: "s",
        runId: "r",
        runOpenedAt: 5
      )
    ]
  )
  static let profile = Profile(brazeId: "b", externalId: "e", json: Array("{}".utf8))
  static let exportProfiles = ExportProfilesRequest(workspace: "w", events: true)
  static let countProfiles = CountProfilesRequest(workspace: "w")
  static let profileCounts = ProfileCounts(
    profiles: 1,
    events: 2,
    purchases: 3,
    revenue: "244091.94"
  )

  private static let others: [any SampleMessage] = [
    source, sync, testEvent, run, putSource, putSourceResponse, getSource, listSources, testSource,
    putSync, putSyncResponse, getSync, listSyncs, testSync, activateSync, pauseSync, runSync,
    getRun, listRuns, watchRun, getCursor, cursor, deleteSync, deleteSource, cancelRun, testAlert,
    testAlertResponse, moveCursor, moveCursorResponse, movePosition, movePositionResponse,
    describeSetup, describeSetupResponse,
    openSync, openSyncResponse, applyBatch, receipt, listRejectedRows, rejectedRow, getProfile,
    profile, exportProfiles, countProfiles, profileCounts, explainAttribute, attributeOrigins,
    retryRows, retriedRows,
  ]

  static let all = vault + vaultOperations + others + explaining
}
