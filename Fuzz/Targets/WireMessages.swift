// Messages: what can be read can be written, and reads as the same again.
import OrchestratorAPI
import VaultAPI
import Wire
import WireConformance
import WriterAPI

private let types: [any WireMessage.Type] = [
  TestAllTypesProto3.self, ApplyBatchRequest.self, TestAllTypesProto3.self, Credential.self,
  ReleasedSecret.self, Source.self, PutSyncRequest.self, Sync.self, TestEvent.self, Run.self,
  Cursor.self, Receipt.self, RejectedRow.self, Profile.self, PutCredentialRequest.self,
  SignedToken.self, VaultStatus.self, VerifyVaultResponse.self, AuditEntry.self,
  AttributeOrigins.self, EvaluateBatchRequest.self, BatchEvaluation.self, DryRunEvent.self,
  ExplainRowResponse.self,
  RetryRowsRequest.self, RetriedRows.self,
  MoveCursorResponse.self, MovePositionRequest.self,
]

/// The first byte chooses the type.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMessages(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let start, count > 0 else { return 0 }
  let type = types[Int(start[0]) % types.count]
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  guard let message = try? type.init(wireBytes: bytes) else { return 0 }
  let written = message.wireBytes()
  guard let again = try? type.init(wireBytes: written) else {
    preconditionFailure("what was written cannot be read")
  }
  precondition(again.wireBytes() == written, "the message changed on its way")
  return 0
}
