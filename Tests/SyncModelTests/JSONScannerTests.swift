import Foundation
import SyncModel
import Testing

/// What the scanner found, as values that a test can compare.
struct FoundMember: Equatable {
  var key: [UInt8]
  var value: [UInt8]
  var kind: JSONKind

  init(_ key: String, _ value: String, _ kind: JSONKind) {
    self.key = Array(key.utf8)
    self.value = Array(value.utf8)
    self.kind = kind
  }

  init(_ member: JSONMember) {
    key = Array(member.key)
    value = Array(member.value)
    kind = member.kind
  }
}

func scan(_ text: [UInt8]) -> Result<[FoundMember], JSONError> {
  text.withUnsafeBytes { bytes in
    var scanner = JSONScanner()
    do throws(JSONError) {
      let object = try scanner.object(in: bytes)
      return .success((0..<object.count).map { FoundMember(object[$0]) })
    } catch {
      return .failure(error)
    }
  }
}

func scan(_ text: String) -> Result<[FoundMember], JSONError> { scan(Array(text.utf8)) }

private func reason(_ text: [UInt8]) -> JSONError.Reason? {
  if case .failure(let error) = scan(text) { error.reason } else { nil }
}

private func reason(_ text: String) -> JSONError.Reason? { reason(Array(text.utf8)) }

@Suite("JSON scanner")
struct JSONScannerTests {
  @Test("lends each top-level member with the value's own text")
  func members() throws {
    let text =
      " {\"a\": 1.50e+2 ,\"b\":\"x\\ny\", \"c\\u0064\":[1, {\"d\":null}],\n\"e\":{} ,\"t\":true,\"f\":false,\"n\":null,\"\":-0}\t"
    #expect(
      try scan(text).get() == [
        FoundMember("a", "1.50e+2", .number), FoundMember("b", "\"x\\ny\"", .string),
        FoundMember("cd", "[1, {\"d\":null}]", .array), FoundMember("e", "{}", .object),
        FoundMember("t", "true", .true), FoundMember("f", "false", .false),
        FoundMember("n", "null", .null), FoundMember("", "-0", .number),
      ]
    )
    #expect(try scan("{}").get().isEmpty)
    #expect(try scan(" { } ").get().isEmpty)
  }

  @Test("keeps the text of numbers that no machine number holds (reliability 5.5)")
  func numberText() throws {
    for number in ["18446744073709551616", "1.0", "1e2", "1e400", "0.1", "-0.0", "123456789.00"] {
      #expect(try scan("{\"n\":\(number)}").get() == [FoundMember("n", number, .number)])
    }
  }

  @Test(
    "refuses what RFC 8259 does not have",
    arguments: [
      ("", JSONError.Reason.empty), ("  \n", .empty), ("[1]", .notAnObject(.array)),
      ("\"a\"", .notAnObject(.string)), ("12", .notAnObject(.number)),
      ("null", .notAnObject(.null)), ("true", .notAnObject(.true)), ("x", .unexpectedCharacter),
      ("{", .truncated), ("{\"a\"", .truncated), ("{\"a\":", .truncated),
      ("{\"a\":1", .truncated), ("{\"a\":tru", .truncated), ("{\"a\":\"x", .truncated),
      ("{\"a\":\"x\\", .truncated), ("{\"a\":\"\\u12", .truncated),
      ("{\"a\":1}}", .trailingText), ("{} {}", .trailingText), ("{\"a\":1}x", .trailingText),
      ("{\"a\":1,}", .trailingComma), ("{\"a\":[1,]}", .trailingComma),
      ("{\"a\":[1, \n]}", .trailingComma), ("{,}", .unexpectedCharacter),
      ("{\"a\":[,1]}", .unexpectedCharacter), ("{a:1}", .unexpectedCharacter),
      ("{'a':1}", .unexpectedCharacter), ("{\"a\" 1}", .unexpectedCharacter),
      ("{\"a\":1 \"b\":2}", .unexpectedCharacter), ("{1:2}", .unexpectedCharacter),
      ("{\"a\":nul}", .unexpectedCharacter), ("{\"a\":True}", .unexpectedCharacter),
      ("{\"a\":NaN}", .unexpectedCharacter), ("{\"a\":Infinity}", .unexpectedCharacter),
      ("{\"a\":+1}", .unexpectedCharacter), ("{\"a\":.5}", .unexpectedCharacter),
      ("{\"a\":01}", .invalidNumber), ("{\"a\":-01}", .invalidNumber),
      ("{\"a\":1.}", .invalidNumber), ("{\"a\":-}", .invalidNumber),
      ("{\"a\":1e}", .invalidNumber), ("{\"a\":1e+}", .invalidNumber),
      ("{\"a\":0x1}", .unexpectedCharacter), ("{\"a\":1}//c", .trailingText),
      ("{\"a\":/**/1}", .unexpectedCharacter), ("{\"a\":\"\\x\"}", .invalidEscape),
      ("{\"a\":\"\\u00g0\"}", .invalidEscape), ("{\"a\":\"\n\"}", .controlCharacter),
      ("{\"a\":\"\u{1F}\"}", .controlCharacter), ("{\"a\":[}", .unexpectedCharacter),
      ("{\"a\":{]}", .unexpectedCharacter), ("\u{FEFF}{}", .unexpectedCharacter),
      ("{\u{A0}}", .unexpectedCharacter),
    ]
  )
  func refusals(_ text: String, _ expected: JSONError.Reason) {
    #expect(reason(text) == expected)
  }

  @Test("refuses two equal keys at any depth, compared by bytes after unescaping")
  func duplicateKeys() throws {
    #expect(reason(#"{"a":1,"a":1}"#) == .duplicateKey)
    #expect(reason(#"{"a":1,"\u0061":2}"#) == .duplicateKey)
    #expect(reason(#"{"x":[{"a":1,"b":{"c":1,"c":2}}]}"#) == .duplicateKey)
    #expect(reason(#"{"":1,"":2}"#) == .duplicateKey)
    // The same key in two objects, in a parent and its child, and in another case are different.
    #expect(try scan(#"{"a":{"a":1},"A":[{"a":1},{"a":2}]}"#).get().count == 2)
    // Canonically equivalent, but other bytes (design, decision 13).
    #expect(try scan("{\"e\u{301}\":1,\"\u{E9}\":2}").get().count == 2)
  }

  @Test("finds a duplicate among many keys", arguments: [31, 32, 33, 34, 200, 5000])
  func manyKeys(_ count: Int) throws {
    let keys = (0..<count).map { "\"key\($0)\":\($0)" }
    let text = "{" + keys.joined(separator: ",")
    #expect(try scan(text + "}").get().count == count)
    #expect(reason(text + ",\"key\(count / 2)\":0}") == .duplicateKey)
    #expect(try scan("{\"o\":" + text + "}}").get().count == 1)
    #expect(reason("{\"o\":" + text + ",\"key0\":0}}") == .duplicateKey)
  }

  @Test("allows 64 levels and no more")
  func depth() throws {
    func nested(_ levels: Int, _ open: String, _ close: String) -> String {
      "{\"a\":" + String(repeating: open, count: levels - 1) + "1"
        + String(repeating: close, count: levels - 1) + "}"
    }
    #expect(try scan(nested(64, "[", "]")).get().count == 1)
    #expect(reason(nested(65, "[", "]")) == .tooDeep)
    #expect(try scan(nested(64, "{\"b\":", "}")).get().count == 1)
    #expect(reason(nested(65, "{\"b\":", "}")) == .tooDeep)
    #expect(reason("{\"a\":" + String(repeating: "[", count: 1_000_000)) == .tooDeep)
  }

  @Test("refuses NUL, raw and escaped, in keys and values (decision 13)")
  func nul() {
    #expect(reason("{\"a\":\"x\u{0}y\"}") == .nul)
    #expect(reason("{\"a\":\"x\\u0000y\"}") == .nul)
    #expect(reason("{\"\\u0000\":1}") == .nul)
    #expect(reason("{\u{0}}") == .nul)
    #expect(reason("{\"a\":{\"b\":[\"\\u0000\"]}}") == .nul)
  }

  @Test("takes surrogates in pairs only")
  func surrogates() throws {
    #expect(try scan(#"{"\ud83d\uDE00":"\uD83D\ude00"}"#).get().first?.key == Array("😀".utf8))
    for text in [#"\ud83d"#, #"\ud83dx"#, #"\ud83d\n"#, #"\ud83d\ud83d"#, #"\ude00"#] {
      #expect(reason("{\"a\":\"\(text)\"}") == .loneSurrogate)
    }
  }

  @Test(
    "refuses bytes that are not UTF-8, wherever they are",
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
      [0xE2, 0x82], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xFF], [0xFE, 0xFF],
    ] as [[UInt8]]
  )
  func invalidUTF8(_ bad: [UInt8]) {
    let open = Array("{\"a\":\"".utf8)
    #expect(reason(open + bad + Array("\"}".utf8)) == .invalidUTF8)
    #expect(reason(open + Array("0123456789abcdef".utf8) + bad + Array("\"}".utf8)) == .invalidUTF8)
    #expect(reason(Array("{\"".utf8) + bad + Array("\":1}".utf8)) == .invalidUTF8)
    #expect(reason(Array("{\"a\":1}".utf8) + bad) == .invalidUTF8)
  }

  @Test("accepts every valid UTF-8 sequence at every distance from the end")
  func validUTF8() throws {
    for scalar in [
      "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}",
    ] {
      for padding in 0...9 {
        let text = String(repeating: "x", count: padding) + scalar
        #expect(try scan("{\"\(text)\":\"\(text)\"}").get().first?.key == Array(text.utf8))
      }
    }
  }

  @Test("whatever it accepts, Foundation accepts too; and it never traps", arguments: 0..<16)
  func mutations(_ seed: UInt64) throws {
    var random = Xorshift(seed)
    for _ in 0..<400 {
      let text = JSONGenerator.object(&random, depth: 0)
      var bytes = Array(text.utf8)
      #expect((try? scan(bytes).get()) != nil, "seed \(seed): \(text)")
      for _ in 0..<8 {
        switch random.below(4) {
        case 0: bytes[random.below(bytes.count)] = UInt8(random.below(256))
        case 1: bytes.remove(at: random.below(bytes.count))
        case 2:
          bytes.insert(
            Array("{}[]\",:\\0 .eE-+u".utf8)[random.below(16)],
            at: random.below(bytes.count)
          )
        default:
          bytes = Array(
            bytes.prefix(random.below(bytes.count)) + bytes.suffix(random.below(bytes.count))
          )
        }
        guard bytes.count > 1, case .success(let members) = scan(bytes) else { break }
        let characters = String(decoding: bytes, as: UTF8.self)
        // Foundation has no number for 1e400 (reliability 5.5); we keep its text.
        if characters.contains(/[eE][+-]?[0-9]{3}/) { break }
        let parsed = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        #expect(parsed != nil, "seed \(seed): \(characters)")
        // Foundation merges keys that are canonically equivalent.
        #expect((parsed?.count ?? 0) <= members.count)
      }
    }
  }
}
