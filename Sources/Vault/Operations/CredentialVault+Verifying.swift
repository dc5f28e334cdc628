import Crypto
import Logging
public import RPC
import SQLDatabase
public import VaultAPI

extension CredentialVault {
  public func verifyVault(
    _ request: VerifyVaultRequest,
    context: ServerContext
  ) async throws -> VerifyVaultResponse {
    guard let keys else { throw RPCError.sealed }
    let response = try await answering(context) {
      try await self.database.read { try VaultCheck.run(keys, in: $0) }
    }
    state(Int64(clamping: response.generation), of: keys, to: context)
    if !response.problems.isEmpty {
      logger.critical("the vault is damaged", metadata: ["problems": "\(response.problems)"])
    }
    return response
  }

  public func listAudit(
    _ request: ListAuditRequest,
    responses: RPCWriter<AuditEntry>,
    context: ServerContext
  ) async throws {
    if !request.workspace.isEmpty {
      try RequestChecks.name(request.workspace, of: "workspace's name")
    }
    if !request.name.isEmpty { try RequestChecks.name(request.name, of: "credential's name") }
    var after = Int64(clamping: request.after)
    var left = request.limit == 0 ? Int.max : Int(clamping: request.limit)
    while left > 0 {
      let (start, limit) = (after, min(left, 500))
      let page = try await reading(context) { view in
        let digest =
          request.secret.isEmpty
          ? "" : try AuditLog.digest(of: SecretBytes(request.secret), view.keys)
        return try AuditLog.page(
          after: start,
          limit: limit,
          workspace: request.workspace,
          name: request.name,
          digest: digest,
          in: view.connection
        ).map { AuditEntry($0, mac: $1) }
      }
      for entry in page { try await responses.write(entry) }
      guard page.count == limit, let last = page.last else { return }
      after = Int64(clamping: last.seq)
      left -= page.count
    }
  }
}

/// Opens and checks everything that a database holds, and says what is wrong with it.
enum VaultCheck {
  static func run(
    _ keys: VaultKeys,
    in connection: any SQLConnection
  ) throws -> VerifyVaultResponse {
    var response = VerifyVaultResponse()
    var manifest: Manifest?
    do {
      manifest = try Manifest.read(keys, in: connection)
    } catch is Manifest.Refusal {
      response.problems.append(
        "the manifest does not belong to the rows: some were changed, removed or put back"
      )
    }
    response.generation = UInt64(clamping: manifest?.generation ?? 0)
    try checkCredentials(CredentialStore(keys), &response, in: connection)
    if let manifest {
      let audit = try AuditLog.verify(manifest, keys, in: connection)
      response.auditEntries = UInt64(clamping: audit.entries)
      response.auditHead = Hex.decode(Array(manifest.auditHead.utf8)) ?? []
      if let problem = audit.problem { response.problems.append(problem) }
    }
    return response
  }

  private static func checkCredentials(
    _ store: CredentialStore,
    _ response: inout VerifyVaultResponse,
    in connection: any SQLConnection
  ) throws {
    let names = try connection.rows(
      "SELECT workspace, name FROM credential ORDER BY workspace, name"
    ) { ($0.string(0), $0.string(1)) }
    for (workspace, name) in names {
      response.credentials += 1
      do {
        let credential = try store.get(workspace, name, in: connection)
        for secret in credential.secrets where secret.state != .destroyed {
          _ = try store.open(secret, of: credential, in: connection)
          response.secrets += 1
        }
      } catch let error as RPCError {
        response.problems.append(error.message)
      }
    }
  }
}
