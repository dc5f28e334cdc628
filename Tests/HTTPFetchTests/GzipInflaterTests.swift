import Foundation
import HTTPFetch
import TestSupport
import Testing

@Suite("Gzip that came without its header")
struct GzipInflaterTests {
  /// What Python packs of the value of an expression.
  static func packed(_ expression: String, level: Int = 6) throws -> [UInt8] {
    let script =
      "import base64, gzip; print(base64.b64encode(gzip.compress(\(expression), \(level))).decode())"
    let output = try ChildProcess.run(["python3", "-c", script]).output
    let text = output.trimmingCharacters(in: .whitespacesAndNewlines)
    return Array(try #require(Data(base64Encoded: text)))
  }

  /// All that comes out of pieces of `size` bytes.
  static func inflated(_ bytes: [UInt8], size: Int, limit: Int = 1 << 20) throws -> (
    bytes: [UInt8], isComplete: Bool
  ) {
    let inflater = GzipInflater(limit: limit)
    var output: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      output += try inflater.inflated(Array(bytes[start..<min(start + size, bytes.count)]))
    }
    return (output, inflater.isComplete)
  }

  static let text = #"b'{"data":[["1704067200.000000000","user","{}"]]}' * 40"#
  static let plain = Array(
    String(repeating: #"{"data":[["1704067200.000000000","user","{}"]]}"#, count: 40).utf8
  )

  @Test("comes out whole, whatever pieces it came in", arguments: [1, 2, 7, 4096])
  func whole(size: Int) throws {
    let found = try Self.inflated(Self.packed(Self.text), size: size)
    #expect(found.bytes == Self.plain && found.isComplete)
  }

  @Test("cut anywhere, it is not complete and what came is its beginning")
  func truncated() throws {
    let bytes = try Self.packed(Self.text)
    for length in 0..<bytes.count {
      let found = try Self.inflated(Array(bytes[..<length]), size: 64)
      #expect(!found.isComplete, "\(length) of \(bytes.count)")
      #expect(Self.plain.starts(with: found.bytes), "\(length) of \(bytes.count)")
    }
  }

  @Test("one bit that fell over anywhere is an error, or an end that is missing, or of no account")
  func damaged() throws {
    let bytes = try Self.packed(Self.text)
    var refused = 0
    for index in bytes.indices {
      for bit in 0..<8 {
        var bytes = bytes
        bytes[index] ^= 1 << bit
        do {
          let found = try Self.inflated(bytes, size: 64)
          // Time, flags and system of the header say nothing of the contents (RFC 1952, 2.3.1); flags
          // may announce members of the header that then swallow what follows.
          #expect(!found.isComplete || found.bytes == Self.plain, "bit \(bit) of byte \(index)")
        } catch let error as FetchError {
          #expect(error.kind == .badEncoding, "\(error)")
          refused += 1
        }
      }
    }
    #expect(refused > bytes.count * 4)
  }

  @Test("what is no gzip is refused, or has no end")
  func garbage() throws {
    var state: UInt64 = 1
    for _ in 0..<100 {
      let garbage = (0..<200).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      }
      for bytes in [
        garbage, [0x1f, 0x8b] + garbage, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + garbage,
      ] {
        guard let found = try? Self.inflated(bytes, size: 50) else { continue }
        #expect(!found.isComplete)
      }
    }
  }

  @Test("a bomb ends at the limit, and holds no more than what a piece can unpack to")
  func bomb() throws {
    let bytes = try Self.packed("bytes(256 << 20)", level: 9)
    #expect(bytes.count < 300_000)
    let inflater = GzipInflater(limit: 20 << 20)
    var total = 0
    var largest = 0
    let error = #expect(throws: FetchError.self) {
      for start in stride(from: 0, to: bytes.count, by: 8192) {
        let piece = try inflater.inflated(Array(bytes[start..<min(start + 8192, bytes.count)]))
        total += piece.count
        largest = max(largest, piece.count)
      }
    }
    #expect(error?.kind == .bodyTooLarge)
    #expect(total <= 20 << 20)
    // Deflate packs 258 bytes into two bits at the most: 1032 to 1.
    #expect(largest <= 8192 * 1032 + 65_536)
  }

  @Test("exactly the limit is allowed")
  func limit() throws {
    let bytes = try Self.packed("b'x' * 100000")
    #expect(try Self.inflated(bytes, size: 64, limit: 100_000).bytes.count == 100_000)
    #expect(throws: FetchError.self) { try Self.inflated(bytes, size: 64, limit: 99_999) }
  }

  @Test("what follows the end is not taken for contents")
  func trailing() throws {
    let found = try Self.inflated(Self.packed(Self.text) + Array("more".utf8), size: 64)
    #expect(found.bytes == Self.plain && found.isComplete)
  }

  @Test(
    "the two bytes that it is known by",
    arguments: [([], false), ([0x1f], false), ([0x1f, 0x8b], true), ([0x7b, 0x22], false)]
      as [([UInt8], Bool)]
  )
  func magic(bytes: [UInt8], isGzip: Bool) {
    #expect(GzipInflater.isGzip(bytes) == isGzip)
  }
}
