import Testing
import Wire

/// The bytes of every kind of field, as protobuf's Python implementation (7.36) wrote them from
/// `Protos/`. A change here is a change of the wire.
@Suite struct GoldenTests {
  static let cases: [(any SampleMessage, String)] = [
    (Samples.releasedSecret, "08011201751a01732001"),
    (
      Samples.source,
      "0a0177120473686f701a0673716c697465220d0a047061746812052f612e64622a016330013802"
    ),
    (
      Samples.putSync,
      "0a450a01771201731a0473686f702201742a017130033a0870726f66696c657342066d616e75616c4a0355544352"
        + "0361406252036340645a060800100118056002680170017802"
    ),
    (
      Samples.testEvent,
      "0a0170122b08011201651a016d2201772a0a0a02494412047465787432060a020a000a003803420853514c697465"
        + "2033"
    ),
    (
      Samples.run,
      "0a01721201771a017320072a066d616e75616c320772656164696e67380140024803500458056006680770007"
        + "8fbffffffffffffffff01800108880109920101659a01016da2010161a20100a8010af00101"
    ),
    (Samples.openSyncResponse, "08ffffffffffffffffff0110001880a0dae9c4eeffffff01"),
    (
      Samples.applyBatch,
      "0a0177120173180120022a016232017238037a0f090100000000000000120042027b7d7a1f09ffffffffffffffff"
        + "1a016122016c2a01623201ff3a017042017848818040a00101"
    ),
    (Samples.receipt, "0801120162180120022803300438054006480050075808"),
    (
      Samples.rejectedRow,
      "0a0172100118ffffffff0f20feffffffffffffffff012a0e65787465726e616c5f69643d34323201633a016d4003"
        + "48015001580062076170706c69656468047201717a027b7d"
    ),
    (Samples.retriedRows, "08011002180320042805300638074008"),
    (
      Samples.attributeOrigins,
      "0a220a016912001a066e756d62657220ffffffffffffffffff0128003201733a01724005"
    ),
  ]

  @Test(
    "A message has the reference implementation's bytes, and is read from them",
    arguments: cases + vault + explaining
  )
  func golden(message: any SampleMessage, hex: String) throws {
    #expect(
      message.wireBytes().map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
        .joined() == hex
    )
    try expect(message, from: try #require(bytes(hex)))
  }

  private func expect<M: SampleMessage>(_ message: M, from bytes: [UInt8]) throws {
    #expect(try M(wireBytes: bytes) == message)
  }

  private func bytes(_ hex: String) -> [UInt8]? {
    let digits = Array(hex.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { index in
      UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16)
    }
    return bytes.count == digits.count / 2 ? bytes : nil
  }
}
