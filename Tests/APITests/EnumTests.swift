import OrchestratorAPI
import SyncModel
import Testing
import VaultAPI
import Wire
import WriterAPI

/// The API's enums against the nouns of SyncModel.
@Suite struct EnumTests {
  @Test("Every data type maps both ways, by its name", arguments: SyncModel.DataType.allCases)
  func dataType(model: SyncModel.DataType) {
    #expect(OrchestratorAPI.DataType(model).model == model)
    #expect(WriterAPI.DataType(model).model == model)
    #expect("\(OrchestratorAPI.DataType(model))" == model.rawValue)
    #expect(OrchestratorAPI.DataType(model).rawValue == WriterAPI.DataType(model).rawValue)
  }

  @Test("Every run status maps both ways", arguments: SyncModel.RunStatus.allCases)
  func runStatus(model: SyncModel.RunStatus) {
    #expect(OrchestratorAPI.RunStatus(model).model == model)
  }

  @Test("Unspecified is none of the nouns")
  func unspecified() {
    #expect(OrchestratorAPI.DataType.unspecified.model == nil)
    #expect(WriterAPI.DataType.unspecified.model == nil)
    #expect(OrchestratorAPI.RunStatus.unspecified.model == nil)
    #expect(
      OrchestratorAPI.RunStatus.allCases.compactMap(\.model).count
        == SyncModel.RunStatus.allCases.count
    )
    #expect(CredentialKind.unspecified.name == nil)
    #expect(SyncState.unspecified.name == nil)
  }

  @Test("A credential's kind is written as users write it")
  func credentialKind() {
    #expect(CredentialKind(name: "key_pair") == .keyPair)
    #expect(CredentialKind(name: "password") == .password)
    #expect(CredentialKind(name: "") == nil)
    #expect(CredentialKind(name: "unspecified") == nil)
  }

  @Test("An enum from a newer peer reads as unspecified, and the rest of the message stands")
  func newer() throws {
    let run = try Run(wireBytes: [0x20, 99, 0x2A, 1, 0x6D])
    #expect(run == Run(status: .unspecified, trigger: "m"))
  }

  @Test("Receipts and runs count as SyncModel does (design, decision 6)")
  func counts() {
    var counts = RowCounts()
    for outcome in [
      .applied, .unchanged, .unchanged, .alreadyApplied, .superseded, .skipped,
      .rejected(RowIssue("c", "m")),
    ] as [RowOutcome] {
      counts.count(outcome)
    }
    let receipt = Receipt(
      batchNumber: 4,
      batchId: "b",
      counts: counts,
      position: Timestamp(nanoseconds: 5),
      futureRows: 1,
      warnings: 2
    )
    #expect(
      receipt
        == Receipt(
          batchNumber: 4,
          batchId: "b",
          applied: 1,
          unchanged: 2,
          alreadyApplied: 1,
          superseded: 1,
          skipped: 1,
          rejected: 1,
          position: 5,
          futureRows: 1,
          warnings: 2
        )
    )
    #expect(receipt.counts == counts)
    var run = Run(rowsRead: 7)
    run.counts = counts
    #expect(run.counts == counts && run.counts.total == run.rowsRead)
  }
}
