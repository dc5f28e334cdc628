import RPC
import VaultAPI

/// As `NamingOrchestrator`: the method's name, and what the request said.
struct NamingVaultOperations: VaultOperationsService {
  func getVaultStatus(_ request: GetVaultStatusRequest, context: ServerContext) -> VaultStatus {
    VaultStatus(vaultId: "getVaultStatus")
  }

  func sealVault(_ request: SealVaultRequest, context: ServerContext) -> VaultStatus {
    VaultStatus(vaultId: "sealVault", sealed: true)
  }

  func unsealVault(_ request: UnsealVaultRequest, context: ServerContext) -> VaultStatus {
    VaultStatus(vaultId: "unsealVault", auditHead: request.passphrase)
  }

  func addMasterKey(_ request: AddMasterKeyRequest, context: ServerContext) -> VaultStatus {
    VaultStatus(vaultId: "addMasterKey", auditHead: request.key)
  }

  func finishMasterKey(_ request: FinishMasterKeyRequest, context: ServerContext) -> VaultStatus {
    VaultStatus(vaultId: "finishMasterKey", auditHead: request.passphrase)
  }

  func rotateRootKey(_ request: RotateRootKeyRequest, context: ServerContext) -> VaultStatus {
    VaultStatus(vaultId: "rotateRootKey")
  }

  func verifyVault(_ request: VerifyVaultRequest, context: ServerContext) -> VerifyVaultResponse {
    VerifyVaultResponse(problems: ["verifyVault"])
  }

  func backupVault(
    _ request: BackupVaultRequest,
    responses: RPCWriter<BackupChunk>,
    context: ServerContext
  ) async throws {
    for byte: UInt8 in 1...3 { try await responses.write(BackupChunk(data: [byte])) }
  }

  func restoreVault(
    _ requests: RPCReader<RestoreVaultRequest>,
    context: ServerContext
  ) async throws -> VaultStatus {
    var data: [UInt8] = []
    while let request = try await requests.next() { data += request.data }
    return VaultStatus(vaultId: "restoreVault", auditHead: data)
  }

  func listAudit(
    _ request: ListAuditRequest,
    responses: RPCWriter<AuditEntry>,
    context: ServerContext
  ) async throws {
    try await responses.write(AuditEntry(seq: request.after, action: "listAudit"))
  }
}
