import Testing
import Wire

/// proto3's rules for what arrives (https://protobuf.dev/programming-guides/encoding/).
@Suite struct DecodingTests {
  @Test("A message with every kind of field comes back as it was")
  func roundTrip() throws {
    let back = try EveryType(wireBytes: EveryType.full.wireBytes())
    #expect(back == EveryType.full)
    #expect(back.double.bitPattern == (-0.0 as Double).bitPattern)
    #expect(try EveryType(wireBytes: []) == EveryType())
  }

  @Test("Of a scalar that comes twice, the last one wins")
  func lastWins() throws {
    let message = try EveryType(wireBytes: [0x08, 1, 0x52, 1, 0x61, 0x08, 2, 0x52, 1, 0x62])
    #expect(message.uint64 == 2)
    #expect(message.string == "b")
  }

  @Test("A sub-message that comes twice is merged, a repeated one is appended")
  func merging() throws {
    // child { number: 5 } child { text: "t" inner { number: 1 } } child { inner { text: "i" } }
    let bytes: [UInt8] = [
      0x62, 2, 0x08, 5, 0x62, 7, 0x12, 1, 0x74, 0x1A, 2, 0x08, 1, 0x62, 5, 0x1A, 3, 0x12, 1, 0x69,
      0x6A, 0, 0x6A, 2, 0x08, 9,
    ]
    let message = try EveryType(wireBytes: bytes)
    #expect(message.child == Child(number: 5, text: "t", inner: [Child(number: 1, text: "i")]))
    #expect(message.children == [Child(), Child(number: 9)])
  }

  @Test("Presence: a set optional field at its default differs from an absent one")
  func presence() throws {
    let message = try EveryType(wireBytes: [0x78, 0, 0x82, 0x01, 0])
    #expect(message.optionalInt == 0)
    #expect(message.optionalText == "")
    #expect(message.wireBytes() == [0x78, 0, 0x82, 0x01, 0])
    #expect(try EveryType(wireBytes: [0x62, 0]).child == Child())
  }

  @Test("Map: missing key or value is empty, the last entry of a key wins, unknown fields pass")
  func map() throws {
    let bytes: [UInt8] = [
      0x8A, 0x01, 0,  // "" : ""
      0x8A, 0x01, 3, 0x12, 1, 0x76,  // value only
      0x8A, 0x01, 6, 0x0A, 1, 0x6B, 0x12, 1, 0x31,  // k: 1
      0x8A, 0x01, 8, 0x12, 1, 0x32, 0x18, 7, 0x0A, 1, 0x6B,  // value before key, unknown between
    ]
    #expect(try EveryType(wireBytes: bytes).map == ["": "v", "k": "2"])
  }

  @Test("An enum's unknown number reads as unspecified, a negative one as itself")
  func enumeration() throws {
    #expect(try EveryType(wireBytes: [0x70, 1]).choice == .first)
    #expect(try EveryType(wireBytes: [0x70, 77]).choice == .unspecified)
    let minusOne = [0x70] + [UInt8](repeating: 0xFF, count: 9) + [1]
    #expect(try EveryType(wireBytes: minusOne).choice == .negative)
  }

  @Test(
    "Unknown fields of every wire type are passed over",
    arguments: [
      [0xA0, 0x06, 0x96, 0x01],  // 100: varint
      [0xA1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8],  // 100: fixed64
      [0xA2, 0x06, 3, 1, 2, 3],  // 100: bytes
      [0xA5, 0x06, 1, 2, 3, 4],  // 100: fixed32
      [0xA3, 0x06, 0x08, 1, 0xA4, 0x06],  // 100: a group with a field
      [0xA3, 0x06, 0xAB, 0x06, 0x0A, 1, 0, 0xAC, 0x06, 0xA4, 0x06],  // groups in groups
      [0x0D, 1, 2, 3, 4],  // 1, but as fixed32: known number, other type
      [0x50, 9],  // 10 (a string) as a varint
      [0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 1],  // the greatest field number
    ] as [[UInt8]]
  )
  func unknown(field: [UInt8]) throws {
    let message = try EveryType(wireBytes: [0x10, 7] + field + [0x30, 1])
    #expect(message == EveryType(int64: 7, bool: true))
  }

  @Test("32-bit fields take the low bits of longer varints")
  func truncation() throws {
    let long: [UInt8] = [0x81, 0x80, 0x80, 0x80, 0x10]  // 2^32 + 1
    #expect(try EveryType(wireBytes: [0x18] + long).uint32 == 1)
    #expect(try EveryType(wireBytes: [0x20] + long).int32 == 1)
    #expect(try EveryType(wireBytes: [0x30] + long).bool)
    // A negative int32 in five bytes, as old encoders wrote it.
    #expect(try EveryType(wireBytes: [0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]).int32 == -1)
  }

  @Test("A varint may be padded, up to ten bytes")
  func paddedVarints() throws {
    #expect(try EveryType(wireBytes: [0x08, 0x81, 0x00]).uint64 == 1)
    let ten = [UInt8](repeating: 0x80, count: 9) + [0]
    #expect(try EveryType(wireBytes: [0x08] + ten).uint64 == 0)
    let all = [UInt8](repeating: 0xFF, count: 9) + [1]
    #expect(try EveryType(wireBytes: [0x08] + all).uint64 == .max)
    #expect(try EveryType(wireBytes: [0x10] + all).int64 == -1)
  }
}
