public import RPC

/// Offers an orchestrator to a server.
public struct OrchestratorRegistration: RPCService {
  private let service: any OrchestratorService

  public init(_ service: any OrchestratorService) { self.service = service }

  public var protoFiles: [ProtoFile] { [OrchestratorProto.file] }

  public func register(with router: inout RPCRouter) {
    router.restrict(to: OrchestratorMethods.roles)
    registerSources(with: &router)
    registerSyncs(with: &router)
    registerRuns(with: &router)
  }

  private func registerSources(with router: inout RPCRouter) {
    let service = service
    router.unary(OrchestratorMethods.putSource) {
      try await service.putSource($0, context: $1)
    }
    router.unary(OrchestratorMethods.getSource) {
      try await service.getSource($0, context: $1)
    }
    router.serverStreaming(OrchestratorMethods.listSources) {
      try await service.listSources($0, responses: $1, context: $2)
    }
    router.serverStreaming(OrchestratorMethods.testSource) {
      try await service.testSource($0, responses: $1, context: $2)
    }
    router.unary(OrchestratorMethods.describeSetup) {
      try await service.describeSetup($0, context: $1)
    }
  }

  private func registerSyncs(with router: inout RPCRouter) {
    let service = service
    router.unary(OrchestratorMethods.putSync) {
      try await service.putSync($0, context: $1)
    }
    router.unary(OrchestratorMethods.getSync) {
      try await service.getSync($0, context: $1)
    }
    router.serverStreaming(OrchestratorMethods.listSyncs) {
      try await service.listSyncs($0, responses: $1, context: $2)
    }
    router.serverStreaming(OrchestratorMethods.testSync) {
      try await service.testSync($0, responses: $1, context: $2)
    }
    router.unary(OrchestratorMethods.activateSync) {
      try await service.activateSync($0, context: $1)
    }
    router.unary(OrchestratorMethods.deleteSync) {
      try await service.deleteSync($0, context: $1)
    }
    router.unary(OrchestratorMethods.deleteSource) {
      try await service.deleteSource($0, context: $1)
    }
    router.unary(OrchestratorMethods.cancelRun) {
      try await service.cancelRun($0, context: $1)
    }
    router.unary(OrchestratorMethods.testAlert) {
      try await service.testAlert($0, context: $1)
    }
    router.unary(OrchestratorMethods.pauseSync) {
      try await service.pauseSync($0, context: $1)
    }
  }

  private func registerRuns(with router: inout RPCRouter) {
    let service = service
    router.unary(OrchestratorMethods.runSync) {
      try await service.runSync($0, context: $1)
    }
    router.serverStreaming(OrchestratorMethods.dryRunSync) {
      try await service.dryRunSync($0, responses: $1, context: $2)
    }
    router.unary(OrchestratorMethods.explainRow) {
      try await service.explainRow($0, context: $1)
    }
    router.unary(OrchestratorMethods.getRun) {
      try await service.getRun($0, context: $1)
    }
    router.serverStreaming(OrchestratorMethods.listRuns) {
      try await service.listRuns($0, responses: $1, context: $2)
    }
    router.serverStreaming(OrchestratorMethods.watchRun) {
      try await service.watchRun($0, responses: $1, context: $2)
    }
    router.unary(OrchestratorMethods.getCursor) {
      try await service.getCursor($0, context: $1)
    }
    router.unary(OrchestratorMethods.moveCursor) {
      try await service.moveCursor($0, context: $1)
    }
  }
}
