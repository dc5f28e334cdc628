public import RPC

/// The methods of `sluice.orchestrator.v1.Orchestrator`.
public enum OrchestratorMethods {
  public static let service = "sluice.orchestrator.v1.Orchestrator"

  public static let putSource = RPCMethod<PutSourceRequest, PutSourceResponse>(
    service: service,
    name: "PutSource",
    isIdempotent: true
  )
  public static let getSource = RPCMethod<GetSourceRequest, Source>(
    service: service,
    name: "GetSource",
    isIdempotent: true
  )
  public static let listSources = RPCMethod<ListSourcesRequest, Source>(
    service: service,
    name: "ListSources",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let testSource = RPCMethod<TestSourceRequest, TestEvent>(
    service: service,
    name: "TestSource",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let describeSetup = RPCMethod<DescribeSetupRequest, DescribeSetupResponse>(
    service: service,
    name: "DescribeSetup",
    isIdempotent: true
  )

  public static let putSync = RPCMethod<PutSyncRequest, PutSyncResponse>(
    service: service,
    name: "PutSync",
    isIdempotent: true
  )
  public static let getSync = RPCMethod<GetSyncRequest, Sync>(
    service: service,
    name: "GetSync",
    isIdempotent: true
  )
  public static let listSyncs = RPCMethod<ListSyncsRequest, Sync>(
    service: service,
    name: "ListSyncs",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let testSync = RPCMethod<TestSyncRequest, TestEvent>(
    service: service,
    name: "TestSync",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let activateSync = RPCMethod<ActivateSyncRequest, Sync>(
    service: service,
    name: "ActivateSync",
    isIdempotent: true
  )
  public static let pauseSync = RPCMethod<PauseSyncRequest, Sync>(
    service: service,
    name: "PauseSync",
    isIdempotent: true
  )

  // Never made again by itself: the first call's run may be going, and the second would be refused
  // as "Another job is in progress" (R139), or start one run more.
  public static let runSync = RPCMethod<RunSyncRequest, Run>(service: service, name: "RunSync")
  // Changes nothing, but is one job of the sync's: a second one would be refused, not answered.
  public static let dryRunSync = RPCMethod<DryRunSyncRequest, DryRunEvent>(
    service: service,
    name: "DryRunSync",
    shape: .serverStreaming
  )
  public static let explainRow = RPCMethod<ExplainRowRequest, ExplainRowResponse>(
    service: service,
    name: "ExplainRow",
    isIdempotent: true
  )
  public static let getRun = RPCMethod<GetRunRequest, Run>(
    service: service,
    name: "GetRun",
    isIdempotent: true
  )
  public static let listRuns = RPCMethod<ListRunsRequest, Run>(
    service: service,
    name: "ListRuns",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let watchRun = RPCMethod<WatchRunRequest, Run>(
    service: service,
    name: "WatchRun",
    shape: .serverStreaming,
    isIdempotent: true
  )

  public static let getCursor = RPCMethod<GetCursorRequest, Cursor>(
    service: service,
    name: "GetCursor",
    isIdempotent: true
  )

  // Made again by itself, one back by a time would go back twice.
  public static let moveCursor = RPCMethod<MoveCursorRequest, MoveCursorResponse>(
    service: service,
    name: "MoveCursor"
  )

  public static let deleteSync = RPCMethod<DeleteSyncRequest, DeleteSyncResponse>(
    service: service,
    name: "DeleteSync"
  )
  public static let deleteSource = RPCMethod<DeleteSourceRequest, DeleteSourceResponse>(
    service: service,
    name: "DeleteSource"
  )
  public static let cancelRun = RPCMethod<CancelRunRequest, Run>(
    service: service,
    name: "CancelRun",
    isIdempotent: true
  )

  // Each call is a mail.
  public static let testAlert = RPCMethod<TestAlertRequest, TestAlertResponse>(
    service: service,
    name: "TestAlert"
  )

  /// Who may call what; nobody else may, and no other method (docs/architecture.md).
  public static let roles: RoleTable = {
    var table = RoleTable()
    table.allow("operator", toCall: putSource)
    table.allow("operator", toCall: getSource)
    table.allow("operator", toCall: listSources)
    table.allow("operator", toCall: testSource)
    table.allow("operator", toCall: describeSetup)
    table.allow("operator", toCall: putSync)
    table.allow("operator", toCall: getSync)
    table.allow("operator", toCall: listSyncs)
    table.allow("operator", toCall: testSync)
    table.allow("operator", toCall: activateSync)
    table.allow("operator", toCall: pauseSync)
    table.allow("operator", toCall: runSync)
    table.allow("operator", toCall: dryRunSync)
    table.allow("operator", toCall: explainRow)
    table.allow("operator", toCall: getRun)
    table.allow("operator", toCall: listRuns)
    table.allow("operator", toCall: watchRun)
    table.allow("operator", toCall: getCursor)
    table.allow("operator", toCall: moveCursor)
    table.allow("operator", toCall: deleteSync)
    table.allow("operator", toCall: deleteSource)
    table.allow("operator", toCall: cancelRun)
    table.allow("operator", toCall: testAlert)
    return table
  }()
}
