import Testing

@testable import RPC

@Suite("What travels in headers and frames")
struct CodingTests {
  private func bytes<Result>(
    _ text: String,
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    try Array(text.utf8).withUnsafeBufferPointer(body)
  }

  @Test(
    "grpc-timeout is read",
    arguments: [
      ("1H", .seconds(3600)), ("2M", .seconds(120)), ("99999999S", .seconds(99_999_999)),
      ("5m", .milliseconds(5)), ("0u", .zero), ("7n", .nanoseconds(7)),
    ] as [(String, Duration)]
  )
  func timeout(_ text: String, _ duration: Duration) {
    #expect(bytes(text) { GRPCTimeout.parse($0) } == duration)
  }

  @Test(
    "a malformed grpc-timeout is refused",
    arguments: ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S", "٣S"]
  )
  func badTimeout(_ text: String) {
    #expect(bytes(text) { GRPCTimeout.parse($0) } == nil)
  }

  @Test(
    "grpc-timeout is never shorter than what was asked",
    arguments: [
      .zero, .nanoseconds(1), .microseconds(999), .milliseconds(1), .seconds(98), .seconds(99),
      .seconds(100_000), .seconds(99_999_998), .seconds(200_000_000), .seconds(1 << 50),
    ] as [Duration]
  )
  func timeoutRoundTrip(_ duration: Duration) throws {
    let text = GRPCTimeout.format(duration)
    #expect(text.utf8.count <= 9)
    let parsed = try #require(bytes(text) { GRPCTimeout.parse($0) })
    #expect(parsed >= min(duration, .seconds(99_999_999 * 3600)))
  }

  @Test(
    "grpc-message survives any text",
    arguments: ["", "plain", "%", "%41", "100 %\r\n", "ß∂ 🦆\0"]
  )
  func percent(_ text: String) {
    var encoded: [UInt8] = []
    PercentCoding.encode(text, into: &encoded)
    #expect(encoded.allSatisfy { (0x20...0x7E).contains($0) })
    #expect(encoded.withUnsafeBufferPointer { PercentCoding.decode($0) } == text)
  }

  @Test("a bad percent sequence stays", arguments: ["%", "%4", "%zz", "a%"])
  func badPercent(_ text: String) {
    #expect(bytes(text) { PercentCoding.decode($0) } == text)
  }

  @Test("base64 is written without padding and read with and without")
  func base64() {
    for count in 0..<20 {
      let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 190) }
      var encoded: [UInt8] = []
      MetadataBase64.encode(value, into: &encoded)
      #expect(!encoded.contains(UInt8(ascii: "=")))
      #expect(MetadataBase64.decode(encoded) == value)
      let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - encoded.count % 4) % 4)
      #expect(MetadataBase64.decode(encoded + padding) == value)
    }
  }

  @Test("what is not base64 is refused", arguments: ["A", "AA=A", "A===", "AA==A", "A*", "AAAA="])
  func badBase64(_ text: String) {
    #expect(MetadataBase64.decode(Array(text.utf8)) == nil)
  }

  /// The stream as it comes, cut into pieces of this many bytes.
  private func assemble(_ stream: [UInt8], step: Int, limit: Int = 1000) throws -> [[UInt8]] {
    var assembler = MessageAssembler(limit: limit)
    var messages: [[UInt8]] = []
    for start in Swift.stride(from: 0, to: stream.count, by: step) {
      let chunk = Array(stream[start..<min(start + step, stream.count)])
      try chunk.withUnsafeBytes { chunk in
        try assembler.receive(chunk) { messages.append($0.bytes) }
      }
    }
    #expect(assembler.pendingBytes == 0)
    return messages
  }

  private func framed(_ messages: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for message in messages {
      bytes += [0, 0, 0, UInt8(message.count >> 8), UInt8(message.count & 0xFF)]
      bytes += message
    }
    return bytes
  }

  @Test("messages are found wherever the frames are cut", arguments: 1...20)
  func assembly(_ step: Int) throws {
    let messages: [[UInt8]] = [
      [], [1], [], [UInt8](repeating: 2, count: 300), [3, 4, 5, 6, 7], [],
    ]
    let stream = framed(messages)
    #expect(try assemble(stream, step: step) == messages)
    #expect(try assemble(stream, step: stream.count) == messages)
  }

  @Test("a length above the limit is refused before a byte of it is held", arguments: [1, 4, 5])
  func tooLong(_ step: Int) {
    let error = #expect(throws: RPCError.self) {
      try assemble([0, 0, 0, 4, 0], step: step, limit: 1023)
    }
    #expect(error?.code == .resourceExhausted)
  }

  @Test("outgoing messages come out whole however they are taken", arguments: 1...20)
  func outgoing(_ step: Int) {
    let messages: [[UInt8]] = [[], [1, 2, 3], [], [UInt8](repeating: 9, count: 300), [4]]
    var outgoing = OutgoingMessages()
    for message in messages { outgoing.append(PrefixedMessage(bytes: message)) }
    var stream: [UInt8] = []
    while outgoing.byteCount > 0 {
      outgoing.take(min(step, outgoing.byteCount)) { stream.append(contentsOf: $0) }
    }
    let expected = framed(messages)
    #expect(stream == expected)
  }
}
