import VaultAPI

// The messages of the vault: of its credentials, and of the vault as a whole.
extension Samples {
  static let credentialKey = CredentialKey(
    version: 2,
    state: .proven,
    slot: 2,
    publicKey: "PEM",
    fingerprint: "SHA256:y",
    bits: 3072,
    createdAt: 1,
    changedAt: 2,
    retireAt: -3
  )
  static let credential = Credential(
    workspace: "default",
    name: "shop-db",
    type: .keyPair,
    username: "sluice",
    version: 300,
    publicKey: "PEM",
    fingerprint: "SHA256:x",
    createdAt: -1,
    updatedAt: 1_704_067_200_000_000_000,
    keys: [credentialKey],
    details: ["project_id": "p"],
    holders: ["s1", "s2"]
  )
  static let putCredential = PutCredentialRequest(
    workspace: "w",
    name: "n",
    type: .password,
    username: "u",
    secret: [0, 255],
    keyBits: 4096,
    passphrase: [112],
    algorithm: "rsa"
  )
  static let putCredentialResponse = PutCredentialResponse(credential: credential, change: .created)
  static let deleteCredential = DeleteCredentialRequest(workspace: "w", name: "n")
  static let holdCredential = HoldCredentialRequest(workspace: "w", name: "n", holder: "s")
  static let dropCredential = DropCredentialRequest(workspace: "w", name: "n", holder: "s")
  static let rotateKey = RotateKeyRequest(
    workspace: "w",
    name: "n",
    keyBits: 2048,
    restart: true,
    secret: [255],
    passphrase: [112]
  )
  static let proveKey = ProveKeyRequest(workspace: "w", name: "n", version: 2, purpose: "test")
  static let promoteKey = PromoteKeyRequest(
    workspace: "w",
    name: "n",
    fingerprint: "SHA256:y",
    graceSeconds: 86400
  )
  static let destroyKey = DestroyKeyRequest(workspace: "w", name: "n", version: .max)
  static let signSnowflakeToken = SignSnowflakeTokenRequest(
    workspace: "w",
    name: "n",
    account: "myorg-account",
    version: 1,
    lifetimeSeconds: 3540,
    purpose: "run",
    runId: "r"
  )
  static let signGoogleAssertion = SignGoogleAssertionRequest(
    workspace: "w",
    name: "n",
    scope: "s",
    audience: "a",
    purpose: "run",
    runId: "r"
  )
  static let signedToken = SignedToken(
    token: "a.b.c",
    issuedAt: -1,
    expiresAt: 2,
    version: 3,
    otherVersions: [2, 300],
    tokenUri: "https://t",
    projectId: "p"
  )
  static let signSSHUserAuth = SignSSHUserAuthRequest(
    workspace: "w",
    name: "n",
    data: [0, 255],
    purpose: "run",
    runId: "r"
  )
  static let sshSignature = SSHSignature(signature: [0, 255], version: 1)
  static let getCredential = GetCredentialRequest(workspace: "w", name: "n")
  static let listCredentials = ListCredentialsRequest(workspace: "w")
  static let releaseSecret = ReleaseSecretRequest(
    workspace: "w",
    name: "n",
    purpose: "run",
    runId: "r"
  )
  static let releasedSecret = ReleasedSecret(
    type: .password,
    username: "u",
    secret: Array("s".utf8),
    version: 1
  )

  static let vault: [any SampleMessage] = [
    credentialKey, credential, putCredential, putCredentialResponse, deleteCredential,
    holdCredential, dropCredential, rotateKey, proveKey, promoteKey, destroyKey, signSnowflakeToken,
    signGoogleAssertion, signedToken, signSSHUserAuth, sshSignature, getCredential, listCredentials,
    releaseSecret, releasedSecret,
  ]

  // MARK: Operations

  static let unsealVault = UnsealVaultRequest(passphrase: [112], create: true)
  static let addMasterKey = AddMasterKeyRequest(key: [255], passphrase: [112])
  static let finishMasterKey = FinishMasterKeyRequest(passphrase: [112])
  static let vaultSlot = VaultSlot(number: 1, kind: "key", createdAt: -1, inUse: true)
  static let vaultStatus = VaultStatus(
    vaultId: "v",
    sealed: true,
    generation: .max,
    rootId: 1,
    slots: [vaultSlot],
    credentials: 2,
    auditEntries: 3,
    masterKeySource: "file",
    store: "sqlite",
    auditHead: [255]
  )
  static let verifyVaultResponse = VerifyVaultResponse(
    credentials: 1,
    secrets: 2,
    auditEntries: 3,
    generation: 4,
    auditHead: [255],
    problems: ["a", ""]
  )
  static let backupChunk = BackupChunk(data: [0, 255])
  static let restoreVault = RestoreVaultRequest(data: [0, 255], passphrase: [112])
  static let listAudit = ListAuditRequest(
    after: .max,
    limit: 2,
    workspace: "w",
    name: "n",
    secret: [255]
  )
  static let auditEntry = AuditEntry(
    seq: .max,
    at: -1,
    role: "operator",
    instance: "1",
    action: "put",
    workspace: "w",
    name: "n",
    version: 1,
    purpose: "p",
    runId: "r",
    detail: "d",
    mac: [255]
  )

  static let vaultOperations: [any SampleMessage] = [
    unsealVault, addMasterKey, finishMasterKey, vaultSlot, vaultStatus, verifyVaultResponse,
    backupChunk, restoreVault, listAudit, auditEntry,
  ]

  /// Messages without a field: there is nothing to set.
  static let empty: [any SampleMessage] = [
    DeleteCredentialResponse(), GetVaultStatusRequest(), SealVaultRequest(), RotateRootKeyRequest(),
    VerifyVaultRequest(), BackupVaultRequest(),
  ]
}
