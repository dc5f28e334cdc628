// The other side of Tests/Integration/test_wire.py: reads lines of a message's full name and its
// bytes in hex, and answers each with the bytes of the message that it read, or with `refused` and
// the reason. With `--conformance` it is a testee for protobuf's conformance test runner instead.
import OrchestratorAPI
import VaultAPI
import Wire
import WireConformance
import WriterAPI

let vault: [any WireMessage.Type] = [
  CredentialKey.self, Credential.self, PutCredentialRequest.self, PutCredentialResponse.self,
  GetCredentialRequest.self, ListCredentialsRequest.self, DeleteCredentialRequest.self,
  DeleteCredentialResponse.self, HoldCredentialRequest.self, DropCredentialRequest.self,
  RotateKeyRequest.self, ProveKeyRequest.self, PromoteKeyRequest.self, DestroyKeyRequest.self,
  ReleaseSecretRequest.self, ReleasedSecret.self, SignSnowflakeTokenRequest.self,
  SignGoogleAssertionRequest.self, SignedToken.self, SignSSHUserAuthRequest.self, SSHSignature.self,
  GetVaultStatusRequest.self, SealVaultRequest.self, UnsealVaultRequest.self,
  AddMasterKeyRequest.self, FinishMasterKeyRequest.self, RotateRootKeyRequest.self,
  VerifyVaultRequest.self, VaultSlot.self, VaultStatus.self, VerifyVaultResponse.self,
  BackupVaultRequest.self, BackupChunk.self, RestoreVaultRequest.self, ListAuditRequest.self,
  AuditEntry.self,
]
let orchestrator: [any WireMessage.Type] = [
  Source.self, PutSourceRequest.self, PutSourceResponse.self, GetSourceRequest.self,
  ListSourcesRequest.self, TestSourceRequest.self, SyncOptions.self, Sync.self,
  PutSyncRequest.self, PutSyncResponse.self, GetSyncRequest.self, ListSyncsRequest.self,
  TestSyncRequest.self, TestEvent.self, TestReport.self, Column.self, PreviewValue.self,
  PreviewRow.self, ActivateSyncRequest.self, PauseSyncRequest.self, RunSyncRequest.self, Run.self,
  GetRunRequest.self, ListRunsRequest.self, WatchRunRequest.self, GetCursorRequest.self,
  Cursor.self, DeleteSyncRequest.self, DeleteSyncResponse.self, DeleteSourceRequest.self,
  DeleteSourceResponse.self, CancelRunRequest.self, TestAlertRequest.self, TestAlertResponse.self,
  DryRunSyncRequest.self, DryRunEvent.self, RowDifference.self, ChangedAttribute.self,
  ExplainRowRequest.self, ExplainRowResponse.self, ExplainedRow.self, LoggedRow.self,
  CursorMove.self, MoveCursorRequest.self, MoveCursorResponse.self,
  DescribeSetupRequest.self, SetupStep.self, DescribeSetupResponse.self,
]
let writer: [any WireMessage.Type] = [
  OpenSyncRequest.self, OpenSyncResponse.self, ApplyBatchRequest.self, Receipt.self,
  ListRejectedRowsRequest.self, RejectedRow.self, GetProfileRequest.self,
  ExportProfilesRequest.self, Profile.self, CountProfilesRequest.self, ProfileCounts.self,
  ExplainAttributeRequest.self, AttributeOrigins.self, AttributeOrigin.self,
  EvaluateBatchRequest.self, BatchEvaluation.self, RowEvaluation.self, AttributeDifference.self,
  ExplainUserRequest.self, UserExplanation.self,
  RetryRowsRequest.self, RetriedRows.self,
  MovePositionRequest.self, MovePositionResponse.self,
]

var types: [String: any WireMessage.Type] = [:]
for (package, messages) in [("vault", vault), ("orchestrator", orchestrator), ("writer", writer)] {
  for message in messages { types["sluice.\(package).v1.\(message)"] = message }
}
types["protobuf_test_messages.proto3.TestAllTypesProto3"] = TestAllTypesProto3.self

if CommandLine.arguments.contains("--conformance") {
  serveConformanceRunner(types)
}
while let line = readLine() {
  let parts = line.split(separator: " ", omittingEmptySubsequences: false)
  guard parts.count == 2, let type = types[String(parts[0])], let bytes = bytes(hex: parts[1])
  else {
    print("unknown \(parts[0])")
    continue
  }
  do throws(WireError) {
    print(hex(try type.init(wireBytes: bytes).wireBytes()))
  } catch {
    print("refused \(error)")
  }
}

func bytes(hex: Substring) -> [UInt8]? {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(hex.utf8.count / 2)
  var high: UInt8?
  for digit in hex.utf8 {
    guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
    if let first = high {
      bytes.append(first << 4 | UInt8(value))
      high = nil
    } else {
      high = UInt8(value)
    }
  }
  return high == nil ? bytes : nil
}

func hex(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(
    decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
    as: UTF8.self
  )
}
