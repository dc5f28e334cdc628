import Testing
import Wire

/// What must be refused, each with its reason, and never with a trap.
@Suite struct RefusalTests {
  static let cases: [(String, [UInt8], WireError)] = [
    ("field number 0", [0x00, 0], .invalidTag),
    ("field number 0 as bytes", [0x02, 0], .invalidTag),
    ("wire type 6", [0x0E], .invalidTag),
    ("wire type 7", [0x0F], .invalidTag),
    ("field number 2^29", [0x80, 0x80, 0x80, 0x80, 0x10], .invalidTag),
    ("tag padded to six bytes", [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 1], .invalidTag),
    (
      "tag of ten bytes", [UInt8](repeating: 0xFF, count: 9) + [1], .invalidTag
    ),
    ("varint with an eleventh byte", [0x08] + [UInt8](repeating: 0x80, count: 10), .varintTooLong),
    ("varint of 65 bits", [0x08] + [UInt8](repeating: 0x80, count: 9) + [2], .varintTooLong),
    ("varint cut", [0x08, 0x80], .truncated),
    ("fixed64 cut", [0x39, 1, 2, 3, 4, 5, 6, 7], .truncated),
    ("fixed32 cut", [0x45, 1, 2, 3], .truncated),
    ("string cut", [0x52, 2, 0x61], .truncated),
    ("length beyond everything", [0x5A] + [UInt8](repeating: 0xFF, count: 9) + [1], .truncated),
    ("length of Int.max", [0x5A] + [UInt8](repeating: 0xFF, count: 8) + [0x7F], .truncated),
    ("length padded to six bytes", [0x5A, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 1], .invalidLength),
    (
      "unknown field's length padded to ten bytes",
      [0xA2, 0x06] + [UInt8](repeating: 0x80, count: 9) + [0], .invalidLength
    ),
    ("group without end", [0xA3, 0x06, 0x08, 1], .truncated),
    ("group ends with another number", [0xA3, 0x06, 0xAC, 0x06], .unbalancedGroup),
    ("end without start", [0xA4, 0x06], .unbalancedGroup),
    ("end of a known field's number", [0x0C], .unbalancedGroup),
    ("string with a lone continuation", [0x52, 1, 0x80], .invalidUTF8),
    ("string with an overlong slash", [0x52, 2, 0xC0, 0xAF], .invalidUTF8),
    ("string with a surrogate", [0x52, 3, 0xED, 0xA0, 0x80], .invalidUTF8),
    ("string that ends inside a character", [0x52, 2, 0xE2, 0x82], .invalidUTF8),
    ("map key that is not UTF-8", [0x8A, 0x01, 3, 0x0A, 1, 0xFF], .invalidUTF8),
    ("sub-message longer than its parent", [0x62, 2, 0x0A], .truncated),
    // The inner length fits into the whole message, but not into the sub-message that holds it.
    ("field longer than its sub-message", [0x62, 2, 0x12, 3, 0x61, 0x61, 0x61], .truncated),
  ]

  @Test("Bytes that are no message are refused with the reason", arguments: cases)
  func refusal(name: String, bytes: [UInt8], error: WireError) {
    #expect(throws: error, "\(name)") { try EveryType(wireBytes: bytes) }
  }

  @Test("Sub-messages nest to the limit and no deeper", arguments: [100, 101, 5_000])
  func messageDepth(depth: Int) throws {
    var bytes: [UInt8] = []
    for level in 0..<depth {
      var writer = WireWriter()
      // The outermost is EveryType.child (12), all others Child.inner (3).
      writer.delimited(level == depth - 1 ? 12 : 3) { $0.raw(bytes) }
      bytes = writer.bytes
    }
    if depth <= WireReader.maximumDepth {
      _ = try EveryType(wireBytes: bytes)
    } else {
      #expect(throws: WireError.tooDeep) { try EveryType(wireBytes: bytes) }
    }
  }

  @Test("Groups nest to the limit and no deeper", arguments: [100, 101, 100_000])
  func groupDepth(depth: Int) throws {
    let starts = (0..<depth).flatMap { _ in [0xA3, 0x06] as [UInt8] }
    let ends = (0..<depth).flatMap { _ in [0xA4, 0x06] as [UInt8] }
    if depth <= WireReader.maximumDepth {
      _ = try EveryType(wireBytes: starts + ends)
    } else {
      #expect(throws: WireError.tooDeep) { try EveryType(wireBytes: starts + ends) }
    }
  }

  @Test("Every prefix of a valid message is refused or read, never a trap")
  func prefixes() throws {
    let bytes = EveryType.full.wireBytes()
    var read = 0
    for length in 0..<bytes.count {
      if (try? EveryType(wireBytes: Array(bytes.prefix(length)))) != nil { read += 1 }
    }
    // Only a cut between two fields leaves a message: 18 kinds of fields, some repeated.
    #expect(read == 22)
  }

  @Test("Random bytes, and valid messages with bytes changed, never trap")
  func mutations() throws {
    var random = SplitMix(seed: 0x5EED)
    let valid = EveryType.full.wireBytes()
    var refused = 0
    for round in 0..<20_000 {
      var bytes: [UInt8]
      if round.isMultiple(of: 2) {
        bytes = (0..<Int(random.next() % 64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      } else {
        bytes = valid
        for _ in 0...Int(random.next() % 4) {
          bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      guard let message = try? EveryType(wireBytes: bytes) else {
        refused += 1
        continue
      }
      // What was accepted is a message: it survives a second round as it is. (Bits, as NaN differs
      // from itself.)
      let again = try EveryType(wireBytes: message.wireBytes())
      #expect(again.wireBytes() == message.wireBytes())
    }
    #expect(refused > 1000)
  }
}

/// A small reproducible generator (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
