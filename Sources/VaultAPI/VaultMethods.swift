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
  // A repeat is one more line in the vault's log, no more.
  public static let releaseSecret = RPCMethod<ReleaseSecretRequest, ReleasedSecret>(
    service: service,
    name: "ReleaseSecret",
    isIdempotent: true
  )
}
