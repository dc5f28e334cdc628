public import RPC
public import VaultAPI

// Who uses what, and what is signed. Keys are the real vault's alone: a fake has none to rotate.
extension FakeVault {
  public func deleteCredential(
    _ request: DeleteCredentialRequest,
    context: ServerContext
  ) async throws -> DeleteCredentialResponse {
    let credential = try stored(request.workspace, request.name).credential
    guard credential.holders.isEmpty else {
      throw RPCError(
        .failedPrecondition,
        "\(request.name) is used by \(credential.holders.joined(separator: ", "))",
        reason: "credential_in_use"
      )
    }
    remove(request.workspace, request.name)
    return DeleteCredentialResponse()
  }

  public func holdCredential(
    _ request: HoldCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    try change(request.workspace, request.name) { credential in
      credential.holders = Set(credential.holders + [request.holder]).sorted()
    }
  }

  public func dropCredential(
    _ request: DropCredentialRequest,
    context: ServerContext
  ) async throws -> Credential {
    try change(request.workspace, request.name) { credential in
      credential.holders.removeAll { $0 == request.holder }
    }
  }

  public func rotateKey(
    _ request: RotateKeyRequest,
    context: ServerContext
  ) async throws -> Credential { throw Self.noKeys }

  public func proveKey(
    _ request: ProveKeyRequest,
    context: ServerContext
  ) async throws -> Credential { throw Self.noKeys }

  public func promoteKey(
    _ request: PromoteKeyRequest,
    context: ServerContext
  ) async throws -> Credential { throw Self.noKeys }

  public func destroyKey(
    _ request: DestroyKeyRequest,
    context: ServerContext
  ) async throws -> Credential { throw Self.noKeys }

  public func signSnowflakeToken(
    _ request: SignSnowflakeTokenRequest,
    context: ServerContext
  ) async throws -> SignedToken { throw Self.noKeys }

  public func signGoogleAssertion(
    _ request: SignGoogleAssertionRequest,
    context: ServerContext
  ) async throws -> SignedToken { throw Self.noKeys }

  public func signSSHUserAuth(
    _ request: SignSSHUserAuthRequest,
    context: ServerContext
  ) async throws -> SSHSignature { throw Self.noKeys }

  private static var noKeys: RPCError {
    RPCError(.unimplemented, "this vault is a fake and has no keys; use a CredentialVault")
  }
}
