import OrchestratorAPI
import SyncModel
import TestSupport
import Testing
import VaultAPI
import Wire
import WriterAPI

/// What holds for every message.
@Suite struct MessageTests {
  @Test("A message comes back as it was", arguments: Samples.all)
  func roundTrip(message: any SampleMessage) throws {
    try roundTrip(message)
  }

  private func roundTrip<M: SampleMessage>(_ message: M) throws {
    #expect(try M(wireBytes: message.wireBytes()) == message)
    #expect(message != M())
    #expect(M().wireBytes().isEmpty)
    #expect(try M(wireBytes: []) == M())
  }

  @Test("Fields from a newer peer are passed over", arguments: Samples.all)
  func unknown(message: any SampleMessage) throws {
    try unknown(message)
  }

  private func unknown<M: SampleMessage>(_ message: M) throws {
    var later = WireWriter()
    later.string(1000, "later")
    later.alwaysUInt64(1001, 7)
    later.alwaysSFixed64(1002, 7)
    later.tag(1003, .startGroup)
    later.string(1, "in a group")
    later.tag(1003, .endGroup)
    #expect(try M(wireBytes: later.bytes + message.wireBytes()) == message)
    #expect(try M(wireBytes: message.wireBytes() + later.bytes) == message)
  }

  @Test(
    "A message without fields is no bytes, and passes over what is in it",
    arguments: Samples.empty
  )
  func empty(message: any SampleMessage) throws {
    #expect(message.wireBytes().isEmpty)
    try unknown(message)
  }

  @Test("A known number with another wire type is an unknown field", arguments: Samples.all)
  func otherType(message: any SampleMessage) throws {
    try otherType(message)
  }

  private func otherType<M: SampleMessage>(_ message: M) throws {
    var odd = WireWriter()
    // No field of Protos/ but Row.updated_at is fixed64, and none is fixed32.
    for number in 1...UInt32(31) { odd.alwaysSFixed64(number, -1) }
    for number in 1...UInt32(31) {
      odd.tag(number, .fixed32)
      odd.raw([1, 2, 3, 4])
    }
    #expect(try M(wireBytes: odd.bytes) == M())
    #expect(try M(wireBytes: message.wireBytes() + odd.bytes) == message)
  }

  @Test(
    "A message twice is the message merged with itself: no field is lost",
    arguments: Samples.all
  )
  func twice(message: any SampleMessage) throws {
    try twice(message)
  }

  private func twice<M: SampleMessage>(_ message: M) throws {
    let once = message.wireBytes()
    let doubled = try M(wireBytes: once + once)
    var merged = message
    try once.withUnsafeBytes { bytes in
      var reader = WireReader(bytes)
      try merged.merge(from: &reader)
    }
    #expect(doubled == merged)
  }

  @Test("Every prefix is refused or read, never a trap", arguments: Samples.all)
  func prefixes(message: any SampleMessage) throws {
    prefixes(message)
  }

  private func prefixes<M: SampleMessage>(_ message: M) {
    let bytes = message.wireBytes()
    for length in 0..<bytes.count {
      let read = try? M(wireBytes: Array(bytes.prefix(length)))
      #expect(read != message, "\(M.self) with \(length) of \(bytes.count) bytes")
    }
  }

  @Test("A batch's rows are merged where the message is not whole: copied, in order")
  func batchMerge() throws {
    let more = ApplyBatchRequest(
      batchNumber: 9,
      rows: .of([OwnedRow(updatedAt: 7, externalID: "later")])
    )
    var request = Samples.applyBatch
    try more.wireBytes().withUnsafeBytes { bytes in
      var reader = WireReader(bytes)
      try request.merge(from: &reader)
    }
    #expect(request.batchNumber == 9)
    #expect(request.batchId == "b")
    #expect(request.rows.ownedRows == Samples.rows.ownedRows + more.rows.ownedRows)
    #expect(request.rows.lastUpdatedAt == Timestamp(nanoseconds: 7))
  }

  @Test("A damaged row refuses the batch, not the process")
  func damagedRow() {
    // rows { external_id of 5 bytes, of which the row holds 1 }
    #expect(throws: WireError.truncated) {
      try ApplyBatchRequest(wireBytes: [0x7A, 3, 0x12, 5, 0x61, 0x61, 0x61, 0x61, 0x61])
    }
    #expect(throws: WireError.invalidUTF8) { try ApplyBatchRequest(wireBytes: [0x0A, 1, 0xFF]) }
  }

  @Test("A message with a secret does not print it")
  func redaction() {
    let secret = Array("hunter2".utf8)
    for message in [
      PutCredentialRequest(name: "n", type: .password, secret: secret),
      PutCredentialRequest(name: "n", type: .keyPair, passphrase: secret),
      ReleasedSecret(type: .password, secret: secret),
      RotateKeyRequest(secret: secret), RotateKeyRequest(passphrase: secret),
      SignedToken(token: "hunter2"), SSHSignature(signature: secret),
      UnsealVaultRequest(passphrase: secret), AddMasterKeyRequest(key: secret),
      AddMasterKeyRequest(passphrase: secret), FinishMasterKeyRequest(passphrase: secret),
      RestoreVaultRequest(data: [], passphrase: secret), ListAuditRequest(secret: secret),
    ] as [any WireMessage] {
      var dumped = ""
      dump(message, to: &dumped)
      for text in ["\(message)", String(reflecting: message), dumped] {
        #expect(!text.contains("hunter2") && !text.contains("104"), "\(text)")
      }
    }
  }
}
