public import RPC

/// The methods of `sluice.writer.v1.Writer`.
public enum WriterMethods {
  public static let service = "sluice.writer.v1.Writer"

  // The same epoch again raises nothing and answers the same position (design, decision 3).
  public static let openSync = RPCMethod<OpenSyncRequest, OpenSyncResponse>(
    service: service,
    name: "OpenSync",
    isIdempotent: true
  )
  // A repeated batch is answered with its stored receipt (design, decision 3).
  public static let applyBatches = RPCMethod<ApplyBatchRequest, Receipt>(
    service: service,
    name: "ApplyBatches",
    shape: .bidirectional,
    isIdempotent: true
  )
  public static let applyBatch = RPCMethod<ApplyBatchRequest, Receipt>(
    service: service,
    name: "ApplyBatch",
    isIdempotent: true
  )
  // As OpenSync: the same epoch and id again change nothing.
  public static let movePosition = RPCMethod<MovePositionRequest, MovePositionResponse>(
    service: service,
    name: "MovePosition",
    isIdempotent: true
  )
  public static let listRejectedRows = RPCMethod<ListRejectedRowsRequest, RejectedRow>(
    service: service,
    name: "ListRejectedRows",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let exportRejectedRows = RPCMethod<ListRejectedRowsRequest, RejectedRow>(
    service: service,
    name: "ExportRejectedRows",
    shape: .serverStreaming,
    isIdempotent: true
  )
  // A second try would do no harm, but its counts would not be those of the first.
  public static let retryRows = RPCMethod<RetryRowsRequest, RetriedRows>(
    service: service,
    name: "RetryRows",
    shape: .serverStreaming
  )
  public static let getProfile = RPCMethod<GetProfileRequest, Profile>(
    service: service,
    name: "GetProfile",
    isIdempotent: true
  )
  public static let explainAttribute = RPCMethod<ExplainAttributeRequest, AttributeOrigins>(
    service: service,
    name: "ExplainAttribute",
    isIdempotent: true
  )
  public static let evaluateBatch = RPCMethod<EvaluateBatchRequest, BatchEvaluation>(
    service: service,
    name: "EvaluateBatch",
    isIdempotent: true
  )
  public static let explainUser = RPCMethod<ExplainUserRequest, UserExplanation>(
    service: service,
    name: "ExplainUser",
    isIdempotent: true
  )
  public static let exportProfiles = RPCMethod<ExportProfilesRequest, Profile>(
    service: service,
    name: "ExportProfiles",
    shape: .serverStreaming,
    isIdempotent: true
  )
  public static let countProfiles = RPCMethod<CountProfilesRequest, ProfileCounts>(
    service: service,
    name: "CountProfiles",
    isIdempotent: true
  )

  /// Who may call what; nobody else may, and no other method (docs/architecture.md).
  public static let roles: RoleTable = {
    var table = RoleTable()
    // Only a run changes profiles, and a retry of what a run read.
    table.allow("orchestrator", toCall: openSync)
    table.allow("orchestrator", toCall: applyBatches)
    table.allow("orchestrator", toCall: applyBatch)
    table.allow("orchestrator", toCall: movePosition)
    table.allow("operator", "orchestrator", toCall: listRejectedRows)
    // Payloads are for people.
    table.allow("operator", toCall: exportRejectedRows)
    table.allow("operator", toCall: retryRows)
    table.allow("operator", "orchestrator", toCall: getProfile)
    table.allow("operator", "orchestrator", toCall: explainAttribute)
    // It waits for the store's one writer: not for everybody.
    table.allow("orchestrator", toCall: evaluateBatch)
    table.allow("operator", "orchestrator", toCall: explainUser)
    table.allow("operator", "orchestrator", toCall: exportProfiles)
    table.allow("operator", "orchestrator", toCall: countProfiles)
    return table
  }()
}
