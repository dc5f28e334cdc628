public import RPC

/// The methods of `sluice.vault.v1.Vault`.
public enum VaultMethods {
  public static let service = "sluice.vault.v1.Vault"

  public static let putCredential = RPCMethod<PutCredentialRequest, PutCredentialResponse>(
    service: service,
    name: "PutCredential",
    isIdempotent: true
  )

  public static let getCredential = RPCMethod<GetCredentialRequest, Credential>(
    service: service,
    name: "GetCredential",
    isIdempotent: true
  )

  public static let listCredentials = RPCMethod<ListCredentialsRequest, Credential>(
    service: service,
    name: "ListCredentials",
    shape: .serverStreaming,
    isIdempotent: true
  )

  // A second one would say NOT_FOUND of what the first has removed.
  public static let deleteCredential = RPCMethod<DeleteCredentialRequest, DeleteCredentialResponse>(
    service: service,
    name: "DeleteCredential"
  )

  public static let holdCredential = RPCMethod<HoldCredentialRequest, Credential>(
    service: service,
    name: "HoldCredential",
    isIdempotent: true
  )

  public static let dropCredential = RPCMethod<DropCredentialRequest, Credential>(
    service: service,
    name: "DropCredential",
    isIdempotent: true
  )

  // With `restart`, each call makes another key.
  public static let rotateKey = RPCMethod<RotateKeyRequest, Credential>(
    service: service,
    name: "RotateKey"
  )

  public static let proveKey = RPCMethod<ProveKeyRequest, Credential>(
    service: service,
    name: "ProveKey",
    isIdempotent: true
  )

  // The grace of the key before would begin anew.
  public static let promoteKey = RPCMethod<PromoteKeyRequest, Credential>(
    service: service,
    name: "PromoteKey"
  )

  public static let destroyKey = RPCMethod<DestroyKeyRequest, Credential>(
    service: service,
    name: "DestroyKey",
    isIdempotent: true
  )

  // A repeat is one more line in the vault's log, no more.
  public static let releaseSecret = RPCMethod<ReleaseSecretRequest, ReleasedSecret>(
    service: service,
    name: "ReleaseSecret",
    isIdempotent: true
  )

  public static let signSnowflakeToken = RPCMethod<SignSnowflakeTokenRequest, SignedToken>(
    service: service,
    name: "SignSnowflakeToken",
    isIdempotent: true
  )

  public static let signGoogleAssertion = RPCMethod<SignGoogleAssertionRequest, SignedToken>(
    service: service,
    name: "SignGoogleAssertion",
    isIdempotent: true
  )

  public static let signSSHUserAuth = RPCMethod<SignSSHUserAuthRequest, SSHSignature>(
    service: service,
    name: "SignSSHUserAuth",
    isIdempotent: true
  )

  /// Who may call what; nobody else may, and no other method (docs/architecture.md).
  public static let roles: RoleTable = {
    var table = RoleTable()
    table.allow("operator", toCall: putCredential)
    // The orchestrator checks that a source's credential is there.
    table.allow("operator", "orchestrator", toCall: getCredential)
    table.allow("operator", toCall: listCredentials)
    table.allow("operator", toCall: deleteCredential)
    // It is the orchestrator that knows which syncs are active.
    table.allow("orchestrator", toCall: holdCredential)
    table.allow("orchestrator", toCall: dropCredential)
    table.allow("operator", toCall: rotateKey)
    // Who connects knows that a login has worked.
    table.allow("orchestrator", toCall: proveKey)
    table.allow("operator", toCall: promoteKey)
    table.allow("operator", toCall: destroyKey)
    // Not the operator: who gave a secret in has no need to read it back.
    table.allow("orchestrator", "writer", toCall: releaseSecret)
    table.allow("orchestrator", toCall: signSnowflakeToken)
    table.allow("orchestrator", toCall: signGoogleAssertion)
    table.allow("orchestrator", toCall: signSSHUserAuth)
    return table
  }()
}
