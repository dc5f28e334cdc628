public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel
import VaultAPI
import Warehouse

extension SyncOrchestrator {
  /// The statements that set a source's warehouse up, with the names of its settings and the public
  /// half of its key.
  public func describeSetup(
    _ request: DescribeSetupRequest,
    context: ServerContext
  ) async throws -> DescribeSetupResponse {
    try await answering(context) {
      let source = try await sourceToSetUp(request)
      let driver = try warehouses.driver(source.type)
      let credential = try await credentials.publicPart(of: source)
      let subject = SetupSubject(
        username: credential?.username ?? "",
        publicKey: credential?.publicKey ?? "",
        keySlot: credential.flatMap { found in
          found.keys.first { $0.version == found.version }?.slot
        } ?? 1,
        table: request.table,
        data: request.data.model ?? .attributes,
        addresses: request.addresses
      )
      let steps: [Warehouse.SetupStep]
      do throws(Failure) {
        steps = try driver.setup(settings: source.settings, subject: subject)
      } catch {
        throw invalid(error.code, error.message)
      }
      return DescribeSetupResponse(
        type: source.type,
        steps: steps.map { .init(title: $0.title, statements: $0.statements) }
      )
    }
  }

  private func sourceToSetUp(_ request: DescribeSetupRequest) async throws -> StoredSource {
    guard request.name.isEmpty else {
      let workspace = try Name.workspace(request.workspace)
      return try await database.read { connection in
        try connection.existingSource(workspace: workspace, name: request.name)
      }
    }
    return try SourceRules.validated(
      OrchestratorAPI.Source(
        workspace: request.workspace,
        name: "setup",
        type: request.type,
        settings: request.settings,
        credential: request.credential
      ),
      warehouses: warehouses
    )
  }
}
