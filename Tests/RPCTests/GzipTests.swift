import Testing

@testable import RPC

@Suite("Gzip")
struct GzipTests {
  /// Shrinks by half: a run of zeros behind bytes without a pattern.
  static func halfRandom(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var state = seed
    return (0..<count).map { index in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return index < count / 2 ? UInt8(truncatingIfNeeded: state >> 33) : 0
    }
  }

  private func code(_ bytes: [UInt8], limit: Int = 1000) -> RPCCode? {
    do {
      _ = try Gzip.decompressed(bytes, limit: limit)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("a message comes back", arguments: [100, 1000, 32 * 1024, 200_000, 3_000_000])
  func roundTrip(_ count: Int) throws {
    for message in [[UInt8](repeating: 7, count: count), Self.halfRandom(count)] {
      // Twice: a stream is used again.
      for _ in 0..<2 {
        let compressed = try #require(Gzip.compressed(message))
        #expect(compressed.count < message.count)
        #expect(try Gzip.decompressed(compressed, limit: count) == message)
      }
    }
  }

  @Test("a message that does not get shorter is left as it is")
  func incompressible() {
    #expect(Gzip.compressed([]) == nil)
    #expect(Gzip.compressed([1]) == nil)
    #expect(Gzip.compressed(Array(Self.halfRandom(200_000).prefix(100_000))) == nil)
  }

  /// Written by Python's gzip module, with a file's name and time in its header.
  private static let foreign: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x08, 0x00, 0xF1, 0x53, 0x65, 0x02, 0xFF, 0x6E, 0x6F, 0x74, 0x65, 0x2E,
    0x74, 0x78, 0x74, 0x00, 0x4B, 0xAF, 0xCA, 0x2C, 0x50, 0x48, 0xAA, 0x54, 0x48, 0xCC, 0xCB,
    0x2F, 0xC9, 0x48, 0x2D, 0x52, 0xC8, 0x48, 0xCC, 0x4B, 0xB1, 0x56, 0x48, 0x27, 0x41, 0x14,
    0x00, 0x23, 0xE6, 0xDF, 0x50, 0x42, 0x00, 0x00, 0x00,
  ]

  @Test("another program's gzip is read, with a name and a time in its header")
  func foreign() throws {
    let text = String(repeating: "gzip by another hand; ", count: 3)
    #expect(try Gzip.decompressed(Self.foreign, limit: 1000) == Array(text.utf8))
  }

  @Test("members that follow each other are one message (RFC 1952, 2.2)")
  func members() throws {
    let first = try #require(Gzip.compressed([UInt8](repeating: 1, count: 600)))
    let second = try #require(Gzip.compressed([UInt8](repeating: 2, count: 400)))
    let whole = [UInt8](repeating: 1, count: 600) + [UInt8](repeating: 2, count: 400)
    #expect(try Gzip.decompressed(first + second, limit: 1000) == whole)
    // The limit is the message's, not a member's.
    #expect(code(first + second, limit: 999) == .resourceExhausted)
    #expect(code(first + second.dropLast()) == .internalError)
  }

  @Test("a message may be as long as the limit, and no byte longer")
  func limit() throws {
    for count in [1000, 32 * 1024, 100_000] {
      let compressed = try #require(Gzip.compressed([UInt8](repeating: 0, count: count)))
      #expect(try Gzip.decompressed(compressed, limit: count).count == count)
      #expect(code(compressed, limit: count - 1) == .resourceExhausted)
      #expect(code(compressed, limit: 0) == .resourceExhausted)
    }
  }

  @Test("what ends too early is refused, wherever it is cut")
  func truncated() throws {
    let compressed = try #require(Gzip.compressed(Self.halfRandom(500)))
    for count in 0..<compressed.count {
      #expect(code(Array(compressed.prefix(count))) == .internalError)
    }
  }

  @Test("a damaged header or checksum is refused")
  func corrupt() throws {
    let compressed = try #require(Gzip.compressed(Self.halfRandom(500)))
    let checked = Array(0..<4) + Array(compressed.count - 8..<compressed.count)
    for index in checked {
      var damaged = compressed
      damaged[index] ^= 0x81
      #expect(code(damaged) == .internalError, "byte \(index)")
    }
    #expect(code([UInt8](repeating: 0xFF, count: 100)) == .internalError)
  }

  @Test(
    "what follows the last member is refused",
    arguments: [[0], [0x1F], [0x1F, 0x8B], [1, 2]]
  )
  func trailingGarbage(_ garbage: [UInt8]) throws {
    let compressed = try #require(Gzip.compressed([UInt8](repeating: 1, count: 100)))
    #expect(code(compressed + garbage) == .internalError)
  }
}
