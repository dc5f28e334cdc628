public import Destination
public import Logging
public import RPC
import SyncModel
public import WriterAPI

/// The writer: applies batches of rows to destinations, exactly once in effect, and shows the
/// profiles.
///
/// It remembers nothing: fences, positions and receipts are in the destinations, so that a restart,
/// or another writer over the same store, goes on where the last one was.
public struct ProfileWriter: WriterService {
  let destinations: DestinationRegistry
  private let profiles: any ProfileReading
  let logger: Logger

  /// - Parameter profiles: the store that GetProfile, ExportProfiles and CountProfiles show.
  public init(
    destinations: DestinationRegistry,
    profiles: any ProfileReading,
    logger: Logger
  ) {
    self.destinations = destinations
    self.profiles = profiles
    self.logger = logger
  }

  // MARK: Writing

  public func openSync(
    _ request: OpenSyncRequest,
    context: ServerContext
  ) async throws -> OpenSyncResponse {
    let data = try RequestChecks.open(request)
    return try await answering(context) {
      let destination = try destinations.destination(request.destination)
      let position = try await destination.open(SyncOpening(request, data: data))
      logger.info(
        "sync opened",
        metadata: [
          "workspace": "\(request.workspace)", "sync": "\(request.sync)",
          "run.id": "\(request.runId)", "epoch": "\(request.epoch)",
          "incarnation": "\(request.incarnation)",
        ]
      )
      return OpenSyncResponse(
        nextBatchNumber: position.nextBatchNumber,
        position: position.position?.nanoseconds,
        readFrom: position.readFrom?.nanoseconds
      )
    }
  }

  public func movePosition(
    _ request: MovePositionRequest,
    context: ServerContext
  ) async throws -> MovePositionResponse {
    let opening = request.opening ?? OpenSyncRequest()
    let data = try RequestChecks.open(opening)
    return try await answering(context) {
      let moved = try await destinations.destination(opening.destination).move(
        PositionMove(
          opening: SyncOpening(opening, data: data),
          position: request.position.map(Timestamp.init(nanoseconds:)),
          isDryRun: request.dryRun
        )
      )
      if !request.dryRun {
        logger.notice(
          "position moved by hand",
          metadata: [
            "workspace": "\(opening.workspace)", "sync": "\(opening.sync)",
            "epoch": "\(opening.epoch)",
            "from": "\(moved.previous.map { "\($0.nanoseconds)" } ?? "the beginning")",
            "to": "\(request.position.map { "\($0)" } ?? "the beginning")",
          ]
        )
      }
      return MovePositionResponse(
        previous: moved.previous?.nanoseconds,
        knownFrom: moved.knownFrom?.nanoseconds
      )
    }
  }

  public func applyBatches(
    _ requests: RPCReader<ApplyBatchRequest>,
    responses: RPCWriter<Receipt>,
    context: ServerContext
  ) async throws {
    var holder: String?
    while let request = try await requests.next() {
      try RequestChecks.apply(request)
      let receipt = try await answering(context) { try await apply(request, holder: &holder) }
      try await responses.write(receipt)
    }
  }

  public func applyBatch(
    _ request: ApplyBatchRequest,
    context: ServerContext
  ) async throws -> Receipt {
    try RequestChecks.apply(request)
    return try await answering(context) {
      var holder: String?
      return try await apply(request, holder: &holder)
    }
  }

  /// Applies a batch where the sync is open for its epoch.
  ///
  /// A batch does not name its destination, and a restarted writer does not know it: it is the one
  /// whose fence lets the epoch pass. No other can take the batch, so asking is safe.
  ///
  /// - Parameter holder: the destination that took the stream's last batch.
  private func apply(_ request: ApplyBatchRequest, holder: inout String?) async throws -> Receipt {
    let batch = BatchToApply(request)
    if let holder {
      return Receipt(try await destinations.destination(holder).apply(batch))
    }
    var refusal: Failure?
    for name in destinations.names {
      do {
        let receipt = try await destinations.destination(name).apply(batch)
        holder = name
        return Receipt(receipt)
      } catch let failure as Failure where Self.isRefusal(failure) {
        // "Never opened here" says less than "opened here by another run".
        if refusal == nil || failure.code != "sync_not_open" { refusal = failure }
      }
    }
    throw refusal
      ?? Failure(
        "sync_not_open",
        "This writer has no destination: start it with one",
        recovery: .needsOperator
      )
  }

  private static func isRefusal(_ failure: Failure) -> Bool {
    failure.code == "sync_not_open" || failure.code == "stale_epoch"
  }

  // MARK: Reading

  public func getProfile(
    _ request: GetProfileRequest,
    context: ServerContext
  ) async throws -> Profile {
    try RequestChecks.name(request.workspace, "workspace")
    let (identifier, text) = try RequestChecks.identifier(request)
    return try await answering(context) {
      let found = try await profiles.profile(
        workspace: request.workspace,
        identifier: identifier,
        withEvents: request.events
      )
      guard let found else { throw Self.notFound(text, workspace: request.workspace) }
      return Profile(found)
    }
  }

  public func explainAttribute(
    _ request: ExplainAttributeRequest,
    context: ServerContext
  ) async throws -> AttributeOrigins {
    let named = request.profile ?? GetProfileRequest()
    try RequestChecks.name(named.workspace, "workspace")
    try RequestChecks.name(request.attribute, "attribute")
    let (identifier, text) = try RequestChecks.identifier(named)
    return try await answering(context) {
      let found = try await profiles.explain(
        workspace: named.workspace,
        identifier: identifier,
        attribute: request.attribute
      )
      guard let found else { throw Self.notFound(text, workspace: named.workspace) }
      return AttributeOrigins(origins: found.map { AttributeOrigin($0) })
    }
  }

  /// Looks at rows without applying them. The transaction that it takes for that is rolled back.
  public func evaluateBatch(
    _ request: EvaluateBatchRequest,
    context: ServerContext
  ) async throws -> BatchEvaluation {
    let data = try RequestChecks.evaluate(request)
    return try await answering(context) {
      let destination = try destinations.destination(request.destination)
      return BatchEvaluation(
        try await destination.evaluate(BatchToEvaluate(request, data: data))
      )
    }
  }

  public func explainUser(
    _ request: ExplainUserRequest,
    context: ServerContext
  ) async throws -> UserExplanation {
    let named = request.profile ?? GetProfileRequest()
    try RequestChecks.name(named.workspace, "workspace")
    try RequestChecks.name(request.sync, "sync")
    let (identifier, _) = try RequestChecks.identifier(named)
    let limit = try RequestChecks.logLimit(request.limit)
    try RequestChecks.incarnation(request.incarnation)
    return try await answering(context) {
      let profile = try await profiles.profile(
        workspace: named.workspace,
        identifier: identifier,
        withEvents: false
      )
      var rows: [RowRejection] = []
      for name in destinations.names where rows.count < limit {
        rows += try await destinations.destination(name).rejectedRows(
          workspace: named.workspace,
          sync: request.sync,
          incarnation: request.incarnation,
          of: identifier,
          limit: limit - rows.count
        )
      }
      return UserExplanation(
        brazeId: profile?.brazeID ?? "",
        externalId: profile?.externalID ?? "",
        rows: rows.map { RejectedRow($0) }
      )
    }
  }

  private static func notFound(_ text: String, workspace: String) -> Failure {
    Failure(
      "profile_not_found",
      "There is no profile with \(text) in workspace \(workspace)",
      recovery: .needsOperator
    )
  }

  public func exportProfiles(
    _ request: ExportProfilesRequest,
    responses: RPCWriter<Profile>,
    context: ServerContext
  ) async throws {
    try RequestChecks.name(request.workspace, "workspace")
    try await answering(context) {
      try await profiles.exportProfiles(
        workspace: request.workspace,
        withEvents: request.events
      ) { try await responses.write(Profile($0)) }
    }
  }

  public func countProfiles(
    _ request: CountProfilesRequest,
    context: ServerContext
  ) async throws -> ProfileCounts {
    try RequestChecks.name(request.workspace, "workspace")
    return try await answering(context) {
      ProfileCounts(try await profiles.counts(workspace: request.workspace))
    }
  }

  // MARK: Parts

  /// Gives every error its wire form, and the log what the caller must not see.
  func answering<T>(
    _ context: ServerContext,
    _ body: () async throws -> T
  ) async throws -> T {
    do {
      return try await body()
    } catch {
      let answer = rpcError(from: error)
      logger.log(
        level: Self.level(of: answer),
        "call failed",
        metadata: [
          "rpc.path": "\(context.path)", "reason": "\(answer.reason ?? answer.code.name)",
          "cause": "\(answer.cause.map { "\($0)" } ?? "")",
        ]
      )
      throw answer
    }
  }

  /// A question without an answer, and a caller that went away, are everyday.
  private static func level(of answer: RPCError) -> Logger.Level {
    switch answer.code {
    case .notFound, .cancelled, .invalidArgument: .debug
    default: .warning
    }
  }
}
