import OrchestratorAPI
import RPC
import SyncModel
import TestSupport
import Testing
import VaultAPI
import WriterAPI

/// Every method of a client reaches the method of its name.
@Suite struct ClientTests {
  private func carry(_ service: any RPCService, as role: String) -> RPCClient {
    let peer = PeerIdentity(role: role, instance: "test")
    return RPCClient(transport: InProcessTransport(router: RPCRouter([service]), peer: peer))
  }

  @Test("An orchestrator's calls")
  func orchestrator() async throws {
    let client = OrchestratorClient(
      carry(OrchestratorRegistration(NamingOrchestrator()), as: "operator")
    )
    #expect(try await client.putSource(Samples.putSource).source?.name == "putSource")
    #expect(
      try await client.getSource(Samples.getSource) == Source(workspace: "n", name: "getSource")
    )
    let sources = try await client.listSources(Samples.listSources) { try await $0.all() }
    #expect(sources.map(\.name) == ["listSources", "w"])
    let tests = try await client.testSource(Samples.testSource) { try await $0.all() }
    #expect(tests == [TestEvent(progress: "testSource t")])

    #expect(try await client.putSync(Samples.putSync).sync?.name == "putSync")
    #expect(try await client.getSync(Samples.getSync).name == "getSync")
    let syncs = try await client.listSyncs(Samples.listSyncs) { try await $0.all() }
    #expect(syncs.map(\.name) == ["listSyncs"])
    let syncTests = try await client.testSync(Samples.testSync) { try await $0.all() }
    #expect(syncTests == [TestEvent(progress: "testSync")])
    #expect(try await client.activateSync(Samples.activateSync).name == "activateSync")
    #expect(try await client.pauseSync(Samples.pauseSync).name == "pauseSync")

    #expect(try await client.runSync(Samples.runSync).runId == "runSync")
    let dry = try await client.dryRunSync(Samples.dryRunSync) { try await $0.all() }
    #expect(dry == [DryRunEvent(run: Run(runId: "dryRunSync", sync: "n"))])
    let explained = try await client.explainRow(Samples.explainRow)
    #expect(explained == ExplainRowResponse(reason: "explainRow", externalId: "e"))
    #expect(try await client.describeSetup(Samples.describeSetup).type == "describeSetup")
    #expect(try await client.testAlert(Samples.testAlert).contacts == ["testAlert"])
    _ = try await client.deleteSync(Samples.deleteSync)
    _ = try await client.deleteSource(Samples.deleteSource)
    #expect(try await client.cancelRun(Samples.cancelRun).runId == "cancelRun")
    #expect(try await client.getRun(Samples.getRun) == Run(runId: "getRun", sync: "r"))
    let runs = try await client.listRuns(Samples.listRuns) { try await $0.all() }
    #expect(runs.map(\.runId) == ["listRuns"])
    let watched = try await client.watchRun(Samples.watchRun) { try await $0.all() }
    #expect(watched.map(\.runId) == ["watchRun"])
    #expect(try await client.getCursor(Samples.getCursor) == Cursor(sync: "getCursor", position: 0))
    #expect(try await client.moveCursor(Samples.moveCursor).sync == "moveCursor s")
  }

  @Test("A writer's calls")
  func writer() async throws {
    let client = WriterClient(carry(WriterRegistration(NamingWriter()), as: "orchestrator"))
    #expect(
      try await client.openSync(Samples.openSync)
        == OpenSyncResponse(nextBatchNumber: .max, position: nil, readFrom: 0)
    )
    #expect(
      try await client.applyBatch(Samples.applyBatch)
        == Receipt(batchNumber: 2, batchId: "b", applied: 2)
    )
    #expect(try await client.movePosition(Samples.movePosition).previous == 0)
    let rejected = try await client.listRejectedRows(Samples.listRejectedRows) {
      try await $0.all()
    }
    #expect(rejected.map(\.rowIndex) == [0, 1, 2, 3, 4])
    let person = WriterClient(carry(WriterRegistration(NamingWriter()), as: "operator"))
    let exported = try await person.exportRejectedRows(Samples.listRejectedRows) {
      try await $0.all()
    }
    #expect(exported == [RejectedRow(code: "exportRejectedRows", payload: [])])
    let retried = try await person.retryRows(Samples.retryRows) { try await $0.all() }
    #expect(retried == [RetriedRows(applied: 1), RetriedRows(rejected: 2)])
    #expect(try await client.getProfile(Samples.getProfile).externalId == "e")
    let origins = try await client.explainAttribute(Samples.explainAttribute).origins
    #expect(origins.map(\.item) == ["explain a"])
    let evaluation = try await client.evaluateBatch(Samples.evaluateBatch)
    #expect(evaluation == BatchEvaluation(applied: 2, position: -2))
    let user = try await client.explainUser(Samples.explainUser)
    #expect(user == UserExplanation(brazeId: "explainUser", externalId: "e"))
    let profiles = try await client.exportProfiles(Samples.exportProfiles) { try await $0.all() }
    #expect(profiles.map(\.brazeId) == ["exportProfiles"])
    #expect(try await client.countProfiles(Samples.countProfiles).revenue == "countProfiles")
  }

  @Test("Batches stream, one receipt a batch, in order")
  func batches() async throws {
    let client = WriterClient(carry(WriterRegistration(NamingWriter()), as: "orchestrator"))
    let receipts = try await client.applyBatches { batches, finish, receipts in
      var read: [Receipt] = []
      for number in UInt64(1)...20 {
        try await batches.write(
          ApplyBatchRequest(epoch: 1, batchNumber: number, rows: Samples.rows)
        )
        if let receipt = try await receipts.next() { read.append(receipt) }
      }
      try await finish()
      return read + (try await receipts.all())
    }
    #expect(receipts == (1...20).map { Receipt(batchNumber: $0, applied: 2) })
  }

  @Test("A refused batch ends the stream with its status; what was receipted was")
  func refusedBatch() async throws {
    let client = WriterClient(carry(WriterRegistration(NamingWriter()), as: "orchestrator"))
    let receipts: [Receipt] = try await client.applyBatches { batches, finish, receipts in
      try await batches.write(ApplyBatchRequest(epoch: 1, batchNumber: 1))
      try await batches.write(ApplyBatchRequest(epoch: 0, batchNumber: 2))
      var read: [Receipt] = []
      let error = await #expect(throws: RPCError.self) {
        while let receipt = try await receipts.next() { read.append(receipt) }
      }
      #expect(error?.code == .failedPrecondition)
      #expect(error?.reason == "stale_epoch")
      return read
    }
    #expect(receipts == [Receipt(batchNumber: 1)])
  }

  @Test("A vault's operations")
  func vaultOperations() async throws {
    let client = VaultOperationsClient(
      carry(VaultOperationsRegistration(NamingVaultOperations()), as: "operator")
    )
    #expect(try await client.getVaultStatus(.init()).vaultId == "getVaultStatus")
    #expect(
      try await client.sealVault(.init()) == VaultStatus(vaultId: "sealVault", sealed: true)
    )
    let unsealed = try await client.unsealVault(UnsealVaultRequest(passphrase: [1]))
    #expect(unsealed == VaultStatus(vaultId: "unsealVault", auditHead: [1]))
    let added = try await client.addMasterKey(AddMasterKeyRequest(key: [2]))
    #expect(added == VaultStatus(vaultId: "addMasterKey", auditHead: [2]))
    let finished = try await client.finishMasterKey(FinishMasterKeyRequest(passphrase: [3]))
    #expect(finished == VaultStatus(vaultId: "finishMasterKey", auditHead: [3]))
    #expect(try await client.rotateRootKey(.init()).vaultId == "rotateRootKey")
    #expect(try await client.verifyVault(.init()).problems == ["verifyVault"])
    let chunks = try await client.backupVault(.init()) { try await $0.all() }
    #expect(chunks.map(\.data) == [[1], [2], [3]])
    let restored = try await client.restoreVault { writer in
      for chunk in chunks { try await writer.write(RestoreVaultRequest(data: chunk.data)) }
    }
    #expect(restored == VaultStatus(vaultId: "restoreVault", auditHead: [1, 2, 3]))
    let entries = try await client.listAudit(ListAuditRequest(after: 7)) { try await $0.all() }
    #expect(entries == [AuditEntry(seq: 7, action: "listAudit")])
  }

  @Test("A vault over RPC is the vault itself; its refusals keep code and reason")
  func vault() async throws {
    let fake = FakeVault()
    let client = VaultClient(carry(VaultRegistration(fake), as: "orchestrator"))
    let person = VaultClient(carry(VaultRegistration(fake), as: "operator"))
    let put = try await person.putCredential(
      PutCredentialRequest(
        workspace: "w",
        name: "b",
        type: .password,
        username: "u",
        secret: Array("one".utf8)
      )
    )
    #expect(put.change == .created && put.credential?.version == 1)
    fake.add(password: "two", name: "a", workspace: "w")
    fake.add(password: "elsewhere", name: "c", workspace: "other")
    let listed = try await person.listCredentials(ListCredentialsRequest(workspace: "w")) {
      try await $0.all()
    }
    #expect(listed.map(\.name) == ["a", "b"])
    #expect(try await client.getCredential(.init(workspace: "w", name: "b")) == put.credential)

    let released = try await client.releaseSecret(
      ReleaseSecretRequest(workspace: "w", name: "b", purpose: "run", runId: "r")
    )
    #expect(
      released
        == ReleasedSecret(type: .password, username: "u", secret: Array("one".utf8), version: 1)
    )
    #expect(fake.releases == [.init(name: "b", purpose: "run", runId: "r")])

    let missing = await #expect(throws: RPCError.self) {
      try await client.getCredential(.init(workspace: "w", name: "none"))
    }
    #expect(missing?.code == .notFound && missing?.reason == "credential_not_found")
    let denied = await #expect(throws: RPCError.self) {
      try await person.releaseSecret(.init(workspace: "w", name: "b"))
    }
    #expect(denied?.code == .permissionDenied)
  }
}
