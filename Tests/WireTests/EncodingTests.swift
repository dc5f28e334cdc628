import Testing
import Wire

/// Bytes against the specification's own examples and the reference implementations' output.
@Suite struct EncodingTests {
  @Test("The specification's examples have its bytes")
  func examples() {
    // https://protobuf.dev/programming-guides/encoding/: 150, "testing", an embedded 150.
    #expect(EveryType(uint64: 150).wireBytes() == [0x08, 0x96, 0x01])
    #expect(
      EveryType(string: "testing").wireBytes() == [0x52, 7] + Array("testing".utf8)
    )
    #expect(EveryType(child: Child(number: 150)).wireBytes() == [0x62, 3, 0x08, 0x96, 0x01])
  }

  @Test("A negative int32 takes ten bytes")
  func negative() {
    let ones = [UInt8](repeating: 0xFF, count: 9)
    #expect(EveryType(int32: -1).wireBytes() == [0x20] + ones + [0x01])
    #expect(
      EveryType(int64: .min).wireBytes() == [0x10] + [UInt8](repeating: 0x80, count: 9) + [0x01]
    )
  }

  @Test("Defaults are left out, presence and elements are written")
  func defaults() {
    #expect(EveryType().wireBytes().isEmpty)
    #expect(EveryType(double: -0.0).wireBytes() == [0x49, 0, 0, 0, 0, 0, 0, 0, 0x80])
    #expect(EveryType(optionalInt: 0).wireBytes() == [0x78, 0])
    #expect(EveryType(child: Child()).wireBytes() == [0x62, 0])
    #expect(EveryType(children: [Child(), Child()]).wireBytes() == [0x6A, 0, 0x6A, 0])
    #expect(EveryType(names: [""]).wireBytes() == [0x92, 0x01, 0])
  }

  @Test("A map is written sorted by the keys' bytes, so equal messages have equal bytes")
  func map() {
    var map: [String: String] = [:]
    for key in ["é", "z", "a", "e\u{301}b", "Z"] { map[key] = "" }
    let expected = ["Z", "a", "e\u{301}b", "z", "é"].flatMap { key -> [UInt8] in
      let key = Array(key.utf8)
      return [0x8A, 0x01, UInt8(key.count + 4), 0x0A, UInt8(key.count)] + key + [0x12, 0]
    }
    #expect(EveryType(map: map).wireBytes() == expected)
  }

  @Test(
    "A sub-message's length takes as many bytes as it needs",
    arguments: [0, 1, 124, 125, 126, 127, 128, 16_379, 16_380, 16_381, 16_384, 3_000_000]
  )
  func lengths(count: Int) throws {
    let message = EveryType(
      child: Child(text: String(repeating: "x", count: count), inner: [Child(number: 3)])
    )
    #expect(try EveryType(wireBytes: message.wireBytes()) == message)
  }

  @Test(
    "A varint has the fewest bytes that hold it",
    arguments: zip(
      [0, 1, 127, 128, 16_383, 16_384, 1 << 35, 1 << 63, UInt64.max],
      [1, 1, 1, 2, 2, 3, 6, 10, 10]
    )
  )
  func varintSizes(value: UInt64, size: Int) throws {
    var writer = WireWriter()
    writer.varint(value)
    #expect(writer.bytes.count == size)
    let back = try writer.bytes.withUnsafeBytes { bytes in
      var reader = WireReader(bytes)
      return try reader.varint()
    }
    #expect(back == value)
  }
}
