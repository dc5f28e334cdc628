import OrchestratorAPI
import RPC
import TestSupport
import Testing
import VaultAPI
import WriterAPI

/// The method tables against the `.proto` files, which are normative.
@Suite struct MethodTests {
  struct Method: Hashable, CustomStringConvertible {
    var name: String
    var request: String
    var response: String
    var shape: RPCShape

    var description: String { "\(name)(\(request)) -> \(response), \(shape)" }

    init(name: String, request: String, response: String, shape: RPCShape) {
      self.name = name
      self.request = request
      self.response = response
      self.shape = shape
    }

    init<Request, Response>(_ method: RPCMethod<Request, Response>) {
      name = method.name
      request = "\(Request.self)"
      response = "\(Response.self)"
      shape = method.shape
    }
  }

  @Test("The vault's methods are those of vault.proto")
  func vault() throws {
    typealias M = VaultMethods
    let methods = [
      Method(M.putCredential), Method(M.getCredential), Method(M.listCredentials),
      Method(M.deleteCredential), Method(M.holdCredential), Method(M.dropCredential),
      Method(M.rotateKey), Method(M.proveKey), Method(M.promoteKey), Method(M.destroyKey),
      Method(M.releaseSecret), Method(M.signSnowflakeToken), Method(M.signGoogleAssertion),
      Method(M.signSSHUserAuth),
    ]
    try check(methods, service: M.service, VaultRegistration(FakeVault()))
    // A second try of these would be a second key, or a second line in the audit log for nothing.
    #expect(!M.rotateKey.isIdempotent)
  }

  @Test("The vault's operations are those of vault.proto")
  func vaultOperations() throws {
    typealias M = VaultOperationsMethods
    let methods = [
      Method(M.getVaultStatus), Method(M.sealVault), Method(M.unsealVault), Method(M.addMasterKey),
      Method(M.finishMasterKey), Method(M.rotateRootKey), Method(M.verifyVault),
      Method(M.backupVault), Method(M.restoreVault), Method(M.listAudit),
    ]
    try check(methods, service: M.service, VaultOperationsRegistration(NamingVaultOperations()))
  }

  @Test("The orchestrator's methods are those of orchestrator.proto")
  func orchestrator() throws {
    typealias M = OrchestratorMethods
    let methods = [
      Method(M.putSource), Method(M.getSource), Method(M.listSources), Method(M.testSource),
      Method(M.putSync), Method(M.getSync), Method(M.listSyncs), Method(M.testSync),
      Method(M.activateSync), Method(M.pauseSync), Method(M.runSync), Method(M.getRun),
      Method(M.listRuns), Method(M.watchRun), Method(M.getCursor), Method(M.deleteSync),
      Method(M.deleteSource), Method(M.cancelRun), Method(M.testAlert), Method(M.moveCursor),
      Method(M.dryRunSync), Method(M.explainRow),
      Method(M.describeSetup),
    ]
    try check(methods, service: M.service, OrchestratorRegistration(NamingOrchestrator()))
    #expect(!M.runSync.isIdempotent && !M.dryRunSync.isIdempotent)
    #expect(!M.moveCursor.isIdempotent)
  }

  @Test("The writer's methods are those of writer.proto")
  func writer() throws {
    typealias M = WriterMethods
    let methods = [
      Method(M.openSync), Method(M.applyBatches), Method(M.applyBatch), Method(M.listRejectedRows),
      Method(M.getProfile), Method(M.exportProfiles), Method(M.countProfiles),
      Method(M.explainAttribute), Method(M.evaluateBatch), Method(M.explainUser),
      Method(M.exportRejectedRows), Method(M.retryRows),
      Method(M.movePosition),
    ]
    try check(methods, service: M.service, WriterRegistration(NamingWriter()))
    // A second try's counts would not be those of the first.
    #expect(!M.retryRows.isIdempotent)
  }

  private func check(
    _ methods: [Method],
    service: String,
    _ registration: any RPCService
  ) throws {
    let declared = try Self.declared(service: service)
    #expect(Set(methods) == declared)
    #expect(methods.count == declared.count)
    let paths = Set(declared.map { "/\(service)/\($0.name)" })
    #expect(RPCRouter([registration]).paths == paths)
  }

  /// The `rpc` lines of the service's `.proto` file.
  private static func declared(service: String) throws -> Set<Method> {
    let parts = service.split(separator: ".")
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let path = "/\(root)/Protos/\(parts[0])/\(parts[1])/\(parts[2])/\(parts[1]).proto"
    let text = try #require(TextFile.read(path), "no file \(path)")
    #expect(text.contains("package \(parts.dropLast().joined(separator: "."));"))
    // A file may hold two services.
    let start = try #require(text.firstRange(of: "service \(parts[3]) {"), "no service in \(path)")
    let service = text[start.upperBound...].prefix { $0 != "}" }
    let pattern = /rpc (\w+)\((stream )?(\w+)\) returns \((stream )?(\w+)\);/
    let methods = service.matches(of: pattern).map { match in
      let shape: RPCShape =
        switch (match.2 != nil, match.4 != nil) {
        case (false, false): .unary
        case (false, true): .serverStreaming
        case (true, false): .clientStreaming
        case (true, true): .bidirectional
        }
      return Method(
        name: String(match.1),
        request: String(match.3),
        response: String(match.5),
        shape: shape
      )
    }
    return Set(methods)
  }
}
