public import RPC

/// The methods of `sluice.vault.v1.VaultOperations`.
public enum VaultOperationsMethods {
  public static let service = "sluice.vault.v1.VaultOperations"

  public static let getVaultStatus = RPCMethod<GetVaultStatusRequest, VaultStatus>(
    service: service,
    name: "GetVaultStatus",
    isIdempotent: true
  )

  public static let sealVault = RPCMethod<SealVaultRequest, VaultStatus>(
    service: service,
    name: "SealVault",
    isIdempotent: true
  )

  public static let unsealVault = RPCMethod<UnsealVaultRequest, VaultStatus>(
    service: service,
    name: "UnsealVault",
    isIdempotent: true
  )

  // It would fill another slot.
  public static let addMasterKey = RPCMethod<AddMasterKeyRequest, VaultStatus>(
    service: service,
    name: "AddMasterKey"
  )

  public static let finishMasterKey = RPCMethod<FinishMasterKeyRequest, VaultStatus>(
    service: service,
    name: "FinishMasterKey",
    isIdempotent: true
  )

  // Each call makes a new root key.
  public static let rotateRootKey = RPCMethod<RotateRootKeyRequest, VaultStatus>(
    service: service,
    name: "RotateRootKey"
  )

  public static let verifyVault = RPCMethod<VerifyVaultRequest, VerifyVaultResponse>(
    service: service,
    name: "VerifyVault",
    isIdempotent: true
  )

  public static let backupVault = RPCMethod<BackupVaultRequest, BackupChunk>(
    service: service,
    name: "BackupVault",
    shape: .serverStreaming,
    isIdempotent: true
  )

  // The second finds a vault that is not empty.
  public static let restoreVault = RPCMethod<RestoreVaultRequest, VaultStatus>(
    service: service,
    name: "RestoreVault",
    shape: .clientStreaming
  )

  public static let listAudit = RPCMethod<ListAuditRequest, AuditEntry>(
    service: service,
    name: "ListAudit",
    shape: .serverStreaming,
    isIdempotent: true
  )

  /// Who may call what; nobody else may, and no other method (docs/architecture.md).
  public static let roles: RoleTable = {
    var table = RoleTable()
    table.allow("operator", toCall: getVaultStatus)
    table.allow("operator", toCall: sealVault)
    table.allow("operator", toCall: unsealVault)
    table.allow("operator", toCall: addMasterKey)
    table.allow("operator", toCall: finishMasterKey)
    table.allow("operator", toCall: rotateRootKey)
    table.allow("operator", toCall: verifyVault)
    table.allow("operator", toCall: backupVault)
    table.allow("operator", toCall: restoreVault)
    table.allow("operator", toCall: listAudit)
    return table
  }()
}
