public import RPC

/// Calls a writer over RPC. Every method throws `RPCError`.
public struct WriterClient: Sendable {
  private let client: RPCClient

  public init(_ client: RPCClient) { self.client = client }

  public func openSync(
    _ request: OpenSyncRequest,
    options: CallOptions = CallOptions()
  ) async throws -> OpenSyncResponse {
    try await client.unary(WriterMethods.openSync, request, options: options)
  }

  /// Lends both directions to `body`, which may write ahead of the receipts; `finish` half-closes.
  /// The call ends with `body`: read until nil to see the call's status.
  public func applyBatches<Result: Sendable>(
    options: CallOptions = CallOptions(),
    _ body: (
      _ batches: RPCWriter<ApplyBatchRequest>,
      _ finish: @escaping @Sendable () async throws -> Void,
      _ receipts: RPCReader<Receipt>
    ) async throws -> Result
  ) async throws -> Result {
    try await client.bidirectional(WriterMethods.applyBatches, options: options, body)
  }

  public func applyBatch(
    _ request: ApplyBatchRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Receipt {
    try await client.unary(WriterMethods.applyBatch, request, options: options)
  }

  public func movePosition(
    _ request: MovePositionRequest,
    options: CallOptions = CallOptions()
  ) async throws -> MovePositionResponse {
    try await client.unary(WriterMethods.movePosition, request, options: options)
  }

  /// Lends the rows in the order in which they were read; the call ends with `body`.
  public func listRejectedRows<Result: Sendable>(
    _ request: ListRejectedRowsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<RejectedRow>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      WriterMethods.listRejectedRows,
      request,
      options: options,
      body
    )
  }

  /// As `listRejectedRows`, with payloads.
  public func exportRejectedRows<Result: Sendable>(
    _ request: ListRejectedRowsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<RejectedRow>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      WriterMethods.exportRejectedRows,
      request,
      options: options,
      body
    )
  }

  /// Lends the counts of each portion once it is durable; the call, and the retry, end with `body`.
  public func retryRows<Result: Sendable>(
    _ request: RetryRowsRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<RetriedRows>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(WriterMethods.retryRows, request, options: options, body)
  }

  public func getProfile(
    _ request: GetProfileRequest,
    options: CallOptions = CallOptions()
  ) async throws -> Profile {
    try await client.unary(WriterMethods.getProfile, request, options: options)
  }

  public func explainAttribute(
    _ request: ExplainAttributeRequest,
    options: CallOptions = CallOptions()
  ) async throws -> AttributeOrigins {
    try await client.unary(WriterMethods.explainAttribute, request, options: options)
  }

  /// What rows would do; changes nothing.
  public func evaluateBatch(
    _ request: EvaluateBatchRequest,
    options: CallOptions = CallOptions()
  ) async throws -> BatchEvaluation {
    try await client.unary(WriterMethods.evaluateBatch, request, options: options)
  }

  public func explainUser(
    _ request: ExplainUserRequest,
    options: CallOptions = CallOptions()
  ) async throws -> UserExplanation {
    try await client.unary(WriterMethods.explainUser, request, options: options)
  }

  /// Lends every profile; the call ends with `body`.
  public func exportProfiles<Result: Sendable>(
    _ request: ExportProfilesRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<Profile>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(WriterMethods.exportProfiles, request, options: options, body)
  }

  public func countProfiles(
    _ request: CountProfilesRequest,
    options: CallOptions = CallOptions()
  ) async throws -> ProfileCounts {
    try await client.unary(WriterMethods.countProfiles, request, options: options)
  }
}
