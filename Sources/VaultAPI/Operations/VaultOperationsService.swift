public import RPC

/// What the vault's operator does with it as a whole. `VaultOperationsClient` reaches it over RPC.
public protocol VaultOperationsService: Sendable {
  /// Answers while sealed too.
  func getVaultStatus(_ request: GetVaultStatusRequest, context: ServerContext) async throws
    -> VaultStatus

  /// Forgets the keys: every other call fails with `vault_sealed` until the vault is unsealed.
  func sealVault(_ request: SealVaultRequest, context: ServerContext) async throws -> VaultStatus

  /// Unlocks the vault, by its configured master key or by a passphrase.
  func unsealVault(_ request: UnsealVaultRequest, context: ServerContext) async throws
    -> VaultStatus

  /// Lets a second master key unlock the vault.
  func addMasterKey(_ request: AddMasterKeyRequest, context: ServerContext) async throws
    -> VaultStatus

  /// Keeps only the master key that the vault is configured with, or that the passphrase gives.
  func finishMasterKey(_ request: FinishMasterKeyRequest, context: ServerContext) async throws
    -> VaultStatus

  /// Replaces the root key: wraps every data key anew.
  func rotateRootKey(_ request: RotateRootKeyRequest, context: ServerContext) async throws
    -> VaultStatus

  /// Opens and checks everything: rows, secrets, manifest, audit log.
  func verifyVault(_ request: VerifyVaultRequest, context: ServerContext) async throws
    -> VerifyVaultResponse

  /// The whole vault, encrypted as it lies in the database.
  func backupVault(
    _ request: BackupVaultRequest,
    responses: RPCWriter<BackupChunk>,
    context: ServerContext
  ) async throws

  /// Fills an empty vault from a backup.
  func restoreVault(
    _ requests: RPCReader<RestoreVaultRequest>,
    context: ServerContext
  ) async throws -> VaultStatus

  /// Who did what, the oldest first.
  func listAudit(
    _ request: ListAuditRequest,
    responses: RPCWriter<AuditEntry>,
    context: ServerContext
  ) async throws
}

/// Offers the operations to a server.
public struct VaultOperationsRegistration: RPCService {
  private let service: any VaultOperationsService

  public init(_ service: any VaultOperationsService) { self.service = service }

  public var protoFiles: [ProtoFile] { [VaultProto.file] }

  public func register(with router: inout RPCRouter) {
    let service = service
    router.restrict(to: VaultOperationsMethods.roles)
    router.unary(VaultOperationsMethods.getVaultStatus) {
      try await service.getVaultStatus($0, context: $1)
    }
    router.unary(VaultOperationsMethods.sealVault) {
      try await service.sealVault($0, context: $1)
    }
    router.unary(VaultOperationsMethods.unsealVault) {
      try await service.unsealVault($0, context: $1)
    }
    router.unary(VaultOperationsMethods.addMasterKey) {
      try await service.addMasterKey($0, context: $1)
    }
    router.unary(VaultOperationsMethods.finishMasterKey) {
      try await service.finishMasterKey($0, context: $1)
    }
    router.unary(VaultOperationsMethods.rotateRootKey) {
      try await service.rotateRootKey($0, context: $1)
    }
    router.unary(VaultOperationsMethods.verifyVault) {
      try await service.verifyVault($0, context: $1)
    }
    router.serverStreaming(VaultOperationsMethods.backupVault) {
      try await service.backupVault($0, responses: $1, context: $2)
    }
    router.clientStreaming(VaultOperationsMethods.restoreVault) {
      try await service.restoreVault($0, context: $1)
    }
    router.serverStreaming(VaultOperationsMethods.listAudit) {
      try await service.listAudit($0, responses: $1, context: $2)
    }
  }
}
