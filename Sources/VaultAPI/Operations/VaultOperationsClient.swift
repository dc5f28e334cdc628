public import RPC

/// Calls a vault's operations over RPC. Every method throws `RPCError`.
public struct VaultOperationsClient: Sendable {
  private let client: RPCClient

  public init(_ client: RPCClient) { self.client = client }

  public func getVaultStatus(
    _ request: GetVaultStatusRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VaultStatus {
    try await client.unary(VaultOperationsMethods.getVaultStatus, request, options: options)
  }

  public func sealVault(
    _ request: SealVaultRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VaultStatus {
    try await client.unary(VaultOperationsMethods.sealVault, request, options: options)
  }

  public func unsealVault(
    _ request: UnsealVaultRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VaultStatus {
    try await client.unary(VaultOperationsMethods.unsealVault, request, options: options)
  }

  public func addMasterKey(
    _ request: AddMasterKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VaultStatus {
    try await client.unary(VaultOperationsMethods.addMasterKey, request, options: options)
  }

  public func finishMasterKey(
    _ request: FinishMasterKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VaultStatus {
    try await client.unary(VaultOperationsMethods.finishMasterKey, request, options: options)
  }

  public func rotateRootKey(
    _ request: RotateRootKeyRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VaultStatus {
    try await client.unary(VaultOperationsMethods.rotateRootKey, request, options: options)
  }

  public func verifyVault(
    _ request: VerifyVaultRequest,
    options: CallOptions = CallOptions()
  ) async throws -> VerifyVaultResponse {
    try await client.unary(VaultOperationsMethods.verifyVault, request, options: options)
  }

  /// Lends the answers in their order; the call ends with `body`.
  public func backupVault<Result: Sendable>(
    _ request: BackupVaultRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<BackupChunk>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      VaultOperationsMethods.backupVault,
      request,
      options: options,
      body
    )
  }

  /// `send` writes the requests; the answer comes when it has returned.
  public func restoreVault(
    options: CallOptions = CallOptions(),
    _ send: @escaping @Sendable (RPCWriter<RestoreVaultRequest>) async throws -> Void
  ) async throws -> VaultStatus {
    try await client.clientStreaming(VaultOperationsMethods.restoreVault, options: options, send)
  }

  /// Lends the answers in their order; the call ends with `body`.
  public func listAudit<Result: Sendable>(
    _ request: ListAuditRequest,
    options: CallOptions = CallOptions(),
    _ body: (RPCReader<AuditEntry>) async throws -> Result
  ) async throws -> Result {
    try await client.serverStreaming(
      VaultOperationsMethods.listAudit,
      request,
      options: options,
      body
    )
  }
}
