import TestSupport
import Testing
import Warehouses

@Suite("A small JSON document as a tree")
struct JSONValueTests {
  func read(_ text: String) -> JSONValue? { JSONValue(Array(text.utf8)) }

  @Test("reads every kind of value, and writes it again")
  func values() throws {
    let text = #"{"a":[1,-2.5e3,0,true,false,null],"b":{"c":"x\"\\\u0001é😀"},"":""}"#
    let value = try #require(read(" \n\t\r" + text + " \n"))
    #expect(value["a"]?.elements.count == 6)
    #expect(value["a"]?.elements.first?.integer == 1)
    #expect(value["b"]?["c"]?.string == "x\"\\\u{1}é😀")
    #expect(value[""]?.string == "")
    #expect(String(decoding: value.text, as: UTF8.self) == text)
    #expect(JSONValue(value.text) == value)
  }

  @Test(
    "escapes, and pairs of surrogates; a half of one is no character, and takes nothing with it"
  )
  func escapes() {
    // As Swift repairs three bytes that are no UTF-8.
    let half = "\u{fffd}\u{fffd}\u{fffd}"
    #expect(read(#""\b\f\n\r\t\/\\\"""#)?.string == "\u{8}\u{c}\n\r\t/\\\"")
    #expect(read(#""\u0041\u00e9\u65e5\ud83d\ude00""#)?.string == "Aé日😀")
    #expect(read(#""\ud83d""#)?.string == half)
    #expect(read(#""\ude00x""#)?.string == half + "x")
    #expect(read(#""\ud83dx""#)?.string == half + "x")
    #expect(read(#""\ud83d\n""#)?.string == half + "\n")
    #expect(read(#""\ud83d\u0041""#)?.string == half + "A")
    #expect(read(#""\ud83d\ud83d\ude00""#)?.string == half + "😀")
  }

  @Test(
    "what is no JSON is none (RFC 8259)",
    arguments: [
      "", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"", "{\"a\":",
      "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "\"", "\"\\", "\"\\u", "\"\\u12",
      "\"\\u12g4\"", "\"\\u+123\"", "\"\\x\"", "tru", "truee", "nul", "fals", "NaN", "Infinity",
      "+1", ".5",
      "1.", "1.e5", "1e", "1e+", "01", "-", "--1", "0x10", "1_000", "1 2", "{} {}", "'a'", "<html>",
    ]
  )
  func none(text: String) { #expect(read(text) == nil) }

  @Test("cut anywhere, a document is none")
  func truncated() {
    let text = Array(
      #"{"code":"390144","message":"a\u00e9\"b","list":[[1,2.5],{"x":null}],"t":true}"#.utf8
    )
    #expect(JSONValue(text) != nil)
    for length in 0..<text.count { #expect(JSONValue(text[..<length]) == nil, "\(length)") }
  }

  @Test("garbage ends, and what is read of it can be written and read again")
  func garbage() {
    var state: UInt64 = 7
    let alphabet = Array("{}[],:\"\\u0e1-+.ntfalsr \u{0}\u{7f}é".utf8) + [0xff, 0xc0, 0xed, 0xa0]
    for _ in 0..<20_000 {
      let bytes = (0..<24).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return alphabet[Int(state >> 33) % alphabet.count]
      }
      guard let value = JSONValue(bytes) else { continue }
      #expect(JSONValue(value.text) == value, "\(bytes)")
    }
  }

  @Test("bytes that are no UTF-8 become replacement characters")
  func noUTF8() {
    #expect(JSONValue([0x22, 0xff, 0x41, 0x22])?.string == "\u{fffd}A")
  }

  @Test(
    "64 levels are read, and more are refused however many there are",
    arguments: ["[", "{\"a\":"]
  )
  func deep(opening: String) {
    let closing = opening == "[" ? "]" : "}"
    func nested(_ levels: Int) -> String {
      String(repeating: opening, count: levels) + "1" + String(repeating: closing, count: levels)
    }
    #expect(read(nested(64)) != nil)
    #expect(read(nested(65)) == nil)
    #expect(read(String(repeating: opening, count: 1_000_000)) == nil)
  }

  @Test("whole numbers of 64 bits, as numbers or as text, and nothing that does not fit")
  func integers() {
    #expect(read("9223372036854775807")?.integer == .max)
    #expect(read("\"-9223372036854775808\"")?.integer == .min)
    for text in ["9223372036854775808", "1.5", "1e3", "\"x\"", "true", "[1]"] {
      #expect(read(text)?.integer == nil, "\(text)")
    }
  }

  @Test("of two members with one key the first is had; keys are told apart by their bytes")
  func keys() {
    let value = read("{\"a\":1,\"a\":2,\"\u{e9}\":3,\"e\u{301}\":4}")
    #expect(value?["a"]?.integer == 1)
    #expect(value?["\u{e9}"]?.integer == 3 && value?["e\u{301}"]?.integer == 4)
    #expect(JSONValue.string("\u{e9}") != JSONValue.string("e\u{301}"))
  }
}
