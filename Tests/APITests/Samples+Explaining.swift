import OrchestratorAPI
import WriterAPI

extension Samples {
  // MARK: Evaluations and explanations

  static let evaluateBatch = EvaluateBatchRequest(
    workspace: "w",
    sync: "s",
    destination: "profiles",
    data: .events,
    overlapNs: 1,
    updateExistingOnly: true,
    positionLimit: -2,
    detailLimit: 10,
    explain: true,
    applyUnchanged: true,
    rows: rows,
    incarnation: 1
  )
  static let batchEvaluation = BatchEvaluation(
    applied: 1,
    unchanged: 2,
    alreadyApplied: 3,
    superseded: 4,
    skipped: 5,
    rejected: 6,
    position: 0,
    readFrom: -1,
    futureRows: 7,
    warnings: 8,
    rows: [
      RowEvaluation(
        rowIndex: 1,
        updatedAt: -2,
        identifier: "external_id=42",
        outcome: "applied",
        code: "c",
        message: "m",
        known: true,
        brazeId: "b",
        externalId: "42",
        createsProfile: true,
        deletesProfile: true,
        attributes: [
          AttributeDifference(
            name: "n",
            oldValue: "",
            newValue: "1",
            setAt: 0,
            setBySync: "s",
            setByRun: "r"
          )
        ],
        activity: "a",
        setBySync: "s",
        setByRun: "r",
        warnings: ["w", ""]
      )
    ]
  )
  static let explainUser = ExplainUserRequest(
    profile: getProfile,
    sync: "s",
    limit: 3,
    incarnation: 1
  )
  static let userExplanation = UserExplanation(brazeId: "b", externalId: "e", rows: [rejectedRow])

  static let dryRunSync = DryRunSyncRequest(workspace: "w", name: "n", differenceLimit: 5)
  static let rowDifference = RowDifference(
    identifier: "external_id=42",
    updatedAt: -2,
    outcome: "applied",
    code: "c",
    message: "m",
    brazeId: "b",
    externalId: "42",
    createsProfile: true,
    deletesProfile: true,
    attributes: [
      ChangedAttribute(
        name: "n",
        oldValue: "1",
        newValue: "",
        setAt: 0,
        setBySync: "s",
        setByRun: "r"
      )
    ],
    activity: "a",
    warnings: ["w", ""]
  )
  static let dryRunEvent = DryRunEvent(
    run: Run(runId: "r", dryRun: true),
    differences: [rowDifference]
  )
  static let explainRow = ExplainRowRequest(
    workspace: "w",
    sync: "s",
    externalId: "e",
    aliasName: "n",
    aliasLabel: "l",
    brazeId: "b",
    email: "m",
    phone: "p",
    limit: 7
  )
  static let explainRowResponse = ExplainRowResponse(
    sync: "s",
    reason: "waiting",
    message: "m",
    brazeId: "b",
    externalId: "e",
    position: 0,
    readFrom: -1,
    rows: [
      ExplainedRow(
        identifier: "i",
        updatedAt: 0,
        reason: "waiting",
        message: "m",
        code: "c",
        runId: "r",
        effect: rowDifference
      )
    ],
    more: true,
    log: [
      LoggedRow(
        runId: "r",
        updatedAt: -1,
        identifier: "i",
        code: "c",
        message: "m",
        rejectedAt: 3,
        warning: true
      )
    ]
  )

  static let explaining: [any SampleMessage] = [
    evaluateBatch, batchEvaluation, explainUser, userExplanation, dryRunSync, rowDifference,
    dryRunEvent, explainRow, explainRowResponse,
  ]
}
