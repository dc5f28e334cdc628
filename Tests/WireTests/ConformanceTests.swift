import Testing
import Wire
import WireConformance

/// What protobuf's public binary conformance cases for proto3 ask, as tables of our own: bytes in,
/// the bytes of the message that was read out, or a refusal.
@Suite struct ConformanceTests {
  private func written(_ bytes: [UInt8]) throws -> [UInt8] {
    try TestAllTypesProto3(wireBytes: bytes).wireBytes()
  }

  // MARK: Values

  @Test("A singular field takes every form of a value, and the last one wins", arguments: Kind.all)
  func singular(kind: Kind) throws {
    for (form, value) in kind.values {
      let expected = value == kind.zero ? [] : kind.field(kind.number, value)
      #expect(try written(kind.field(kind.number, form)) == expected, "\(form)")
      for other in kind.values.map(\.form) {
        let twice = kind.field(kind.number, other) + kind.field(kind.number, form)
        #expect(try written(twice) == expected, "\(other), then \(form)")
      }
    }
  }

  @Test(
    "Repeated fields are read packed, unpacked and mixed, however declared",
    arguments: Kind.all
  )
  func repeated(kind: Kind) throws {
    let forms = kind.values.flatMap(\.form)
    let values = kind.values.flatMap(\.value)
    let single = kind.values.map(\.value)
    for number in [kind.number + 30] + (kind.isNumber ? [kind.number + 74, kind.number + 88] : []) {
      let unpacked = kind.values.flatMap { kind.field(number, $0.form) }
      let isPacked = kind.isNumber && number < 89
      let expected =
        isPacked
        ? delimited(number, values) : single.flatMap { kind.field(number, $0) }
      #expect(try written(unpacked) == expected, "field \(number), unpacked")
      guard kind.isNumber else { continue }
      #expect(try written(delimited(number, forms)) == expected, "field \(number), packed")
      let mixed =
        kind.field(number, kind.values[0].form)
        + delimited(number, kind.values.dropFirst().flatMap(\.form)) + delimited(number, [])
      #expect(try written(mixed) == expected, "field \(number), mixed")
    }
  }

  @Test("A value that ends early is refused wherever it is cut", arguments: Kind.all)
  func prematureEnd(kind: Kind) {
    for (form, _) in kind.values {
      // A known field, a repeated one, and one that is unknown.
      for whole in [kind.number, kind.number + 30, 501].map({ kind.field($0, form) }) {
        for length in 1..<whole.count {
          let cut = Array(whole.prefix(length))
          #expect(throws: WireError.truncated, "\(cut)") { try written(cut) }
          // The same in a sub-message, whose length says where it ends, and in a group.
          #expect(throws: WireError.truncated) { try written(delimited(27, cut)) }
          #expect(throws: WireError.truncated) { try written(tagged(502, 3) + cut) }
        }
      }
      if kind.isNumber, form.count > 1 {
        #expect(throws: WireError.truncated) {
          try written(delimited(kind.number + 30, form.dropLast()))
        }
      }
    }
  }

  @Test(
    "A field with another wire type than its own is an unknown one, and kept",
    arguments: Kind.all
  )
  func wrongType(kind: Kind) throws {
    for (type, value) in [
      (0, [7]), (1, [1, 2, 3, 4, 5, 6, 7, 8]), (2, [1, 9]), (5, [1, 2, 3, 4]),
    ]
      as [(UInt8, [UInt8])] where type != kind.type
    {
      let bytes = tagged(kind.number, type) + value
      #expect(try written(bytes) == bytes)
    }
  }

  // MARK: Messages

  static let rewritten: [(String, from: [UInt8], to: [UInt8])] = [
    (
      "sub-messages merge",
      delimited(18, [8, 1]) + delimited(18, delimited(2, [8, 5]))
        + delimited(18, delimited(2, [16, 6])),
      delimited(18, [8, 1] + delimited(2, [8, 5, 16, 6]))
    ),
    (
      "repeated sub-messages do not", delimited(48, [8, 1]) + delimited(48, []),
      delimited(48, [8, 1]) + delimited(48, [])
    ),
    ("an empty sub-message is there", delimited(27, []), delimited(27, [])),
    (
      "oneof: the last member wins", tagged(111, 0) + [7] + delimited(113, [0x61]),
      delimited(113, [0x61])
    ),
    ("oneof: a default is written", tagged(111, 0) + [0], tagged(111, 0) + [0]),
    (
      "oneof: the same message merges", delimited(112, [8, 1]) + delimited(112, delimited(2, [])),
      delimited(112, [8, 1] + delimited(2, []))
    ),
    (
      "oneof: another member between begins anew",
      delimited(112, [8, 1]) + tagged(115, 0) + [1] + delimited(112, delimited(2, [])),
      delimited(112, delimited(2, []))
    ),
    ("map: no key, no value", delimited(56, []), delimited(56, [8, 0, 16, 0])),
    (
      "map: the last entry of a key wins",
      delimited(56, [8, 1, 16, 2]) + delimited(56, [8, 1, 16, 3]),
      delimited(56, [8, 1, 16, 3])
    ),
    (
      "map: value before key, twice each", delimited(56, [16, 2, 8, 1, 16, 4, 8, 3]),
      delimited(56, [8, 3, 16, 4])
    ),
    (
      "map: no value that is a message", delimited(71, delimited(1, [0x6B])),
      delimited(71, delimited(1, [0x6B]) + delimited(2, []))
    ),
    (
      "map: a value that comes twice in an entry merges",
      delimited(71, delimited(2, [8, 1]) + delimited(2, delimited(2, []))),
      delimited(71, delimited(1, []) + delimited(2, [8, 1] + delimited(2, [])))
    ),
    (
      "map: keys are told apart by bytes, not by what they look like",
      delimited(69, delimited(1, [0xC3, 0xA9])) + delimited(69, delimited(1, [0x65, 0xCC, 0x81])),
      delimited(69, delimited(1, [0x65, 0xCC, 0x81]) + delimited(2, []))
        + delimited(69, delimited(1, [0xC3, 0xA9]) + delimited(2, []))
    ),
    (
      "map: keys in order, false first",
      delimited(68, [8, 1, 16, 1]) + delimited(68, [8, 0, 16, 1]),
      delimited(68, [8, 0, 16, 1]) + delimited(68, [8, 1, 16, 1])
    ),
    ("an enum keeps a number that it does not know", tagged(21, 0) + [99], tagged(21, 0) + [99]),
    ("a wrapper at its default is there", delimited(202, [8, 0]), delimited(202, [])),
    (
      "unknown fields are kept, after the known ones", tagged(501, 0) + [1, 8, 2],
      [8, 2] + tagged(501, 0) + [1]
    ),
    (
      "an unknown group is kept with what is in it", tagged(501, 3) + [8, 1] + tagged(501, 4),
      tagged(501, 3) + [8, 1] + tagged(501, 4)
    ),
    (
      "a value inside a value", delimited(306, delimited(6, delimited(1, [32, 1]))),
      delimited(306, delimited(6, delimited(1, [32, 1])))
    ),
    ("a tag in five bytes", [0x88, 0x80, 0x80, 0x80, 0x00, 1], [8, 1]),
  ]

  @Test("Messages are put together as proto3 says", arguments: rewritten)
  func rewriting(name: String, from: [UInt8], to: [UInt8]) throws {
    #expect(try written(from) == to, "\(name)")
    #expect(try written(to) == to, "\(name), again")
  }

  // MARK: Refusals

  static let refused: [(String, [UInt8])] =
    [0, 1, 2, 3, 4, 5].map { ("field 0 of wire type \($0)", [$0, 1, 0, 0, 0, 0, 0, 0, 0]) }
    + (0..<4).flatMap { number in
      [6, 7].map { ("field \(number) of wire type \($0)", [number << 3 | $0, 1]) }
    }
    + [
      ("field number 2^29", [0x88, 0x80, 0x80, 0x80, 0x40, 1]),
      ("tag above 35 bits", [0x88, 0x80, 0x80, 0x80, 0x80, 0x80, 0x0F, 1]),
      ("tag padded to nine bytes", [0x88] + [UInt8](repeating: 0x80, count: 7) + [0, 1]),
      ("tag of thirteen bytes", [0x88] + [UInt8](repeating: 0x80, count: 11) + [0, 1]),
      ("value of eleven bytes", [8] + [UInt8](repeating: 0x80, count: 10) + [0]),
      ("group that ends in a sub-message", delimited(27, tagged(501, 3)) + tagged(501, 4)),
      ("group that ends as another", tagged(501, 3) + tagged(502, 4)),
      ("end of no group", tagged(501, 4)),
      ("end of a known field's number", [12]),
      ("UTF-8 of a string", delimited(14, [0xFF])),
      ("UTF-8 of a repeated string", delimited(44, [0xC0, 0x80])),
      ("UTF-8 of a oneof's string", delimited(113, [0xE0, 0x80, 0x80])),
      ("UTF-8 of a map's key", delimited(69, delimited(1, [0xED, 0xA0, 0x80]))),
      ("UTF-8 of a map's value", delimited(69, delimited(2, [0xF4, 0x90, 0x80, 0x80]))),
      ("UTF-8 of a wrapper", delimited(208, delimited(1, [0x80]))),
      ("packed doubles cut", delimited(42, [0, 0, 0, 0, 0, 0, 0])),
      ("packed varints cut", delimited(31, [0x80])),
    ]

  @Test("What is no message is refused", arguments: refused)
  func refusal(name: String, bytes: [UInt8]) {
    #expect(throws: WireError.self, "\(name)") { try written(bytes) }
  }
}
