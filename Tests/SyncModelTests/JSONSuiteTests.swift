import SyncModel
import Testing

/// Texts that a strict reader must take or must refuse, as values of a member "v".
@Suite("JSON that must be accepted, and that must not")
struct JSONSuiteTests {
  private func accepts(_ value: String) -> Bool {
    (try? scan("{\"v\":\(value)}").get())?.count == 1
  }

  @Test(
    "numbers are accepted, and keep their text",
    arguments: [
      "0", "-0", "1", "-1", "10", "123456789012345678901234567890", "0.0", "-0.0", "0.5", "1.25",
      "1e0", "1E0", "1e+0", "1e-0", "1E+9", "0e1", "0e+1", "0E-1", "1.5e300", "1e400", "-1e-400",
      "0.00000000000000000000000000000000001", "9007199254740993", "-9223372036854775808",
      "1.0", "1.10", "0.1e1", "1e00001",
    ]
  )
  func goodNumber(_ text: String) throws {
    #expect(try scan("{\"v\":\(text)}").get() == [FoundMember("v", text, .number)])
    #expect(try scan("{\"v\":[\(text),{\"k\":\(text)}]}").get().count == 1)
    #expect(try scan("{\"v\": \(text) }").get().first?.value == Array(text.utf8))
  }

  @Test(
    "numbers of another form are refused",
    arguments: [
      "+1", "00", "01", "-01", "-", "--1", "1.", "-1.", ".1", "-.1", "1.e1", "1e", "1E", "1e+",
      "1e-", "1e1.5", "1e 1", "1 000", "1,000", "1_000", "0x10", "0b1", "1f", "1d", "1n", "NaN",
      "-NaN", "Infinity", "-Infinity", "inf", "1..2", "1.2.3", "1e1e1", "１", "1\u{0}", "²", "- 1",
      "1+2", "1-2",
    ]
  )
  func badNumber(_ text: String) {
    #expect(!accepts(text), "\(text)")
    #expect(!accepts("[\(text)]"), "\(text)")
  }

  @Test(
    "strings and escapes are accepted",
    arguments: [
      #""""#, #""a""#, #""\"""#, #""\\""#, #""\/""#, #""/""#, #""\b\f\n\r\t""#, #""\u0041""#,
      #""\u00e9""#, #""\u00E9""#, #""\uABCD""#, #""\ud83d\ude00""#, #""\uD83D\uDE00""#,
      #""\udbff\udfff""#,
      #""\u0001""#, #""\u001f""#, #""\u2028""#, #""\uFFFF""#, #""\uFFFE""#, "\"\u{7F}\"", "\"é\"",
      "\"日本\"",
      "\"😀\"", "\"\u{2028}\u{2029}\"", "\"\u{FEFF}\"", "\"e\u{301}\"", #""\\u0041""#, #""\\\\""#,
      "\"// no comment\"", "\"{}[],:\"",
    ]
  )
  func goodString(_ text: String) throws {
    #expect(try scan("{\"v\":\(text)}").get() == [FoundMember("v", text, .string)])
    // As a key too.
    #expect(try scan("{\(text):[\(text)]}").get().count == 1)
  }

  @Test(
    "strings of another form are refused",
    arguments: [
      "\"", "'a'", "a", "\"a", "a\"", #""\""#, #""\\\""#, #""\a""#, #""\v""#, #""\0""#, #""\'""#,
      #""\x41""#,
      #""\U0041""#, #""\u""#, #""\u0""#, #""\u00""#, #""\u004""#, #""\u00g1""#, #""\u 041""#,
      #""\u+041""#, #""\u-041""#,
      #""\u0000""#, #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800a""#, #""\ud800\n""#,
      #""\ud800\u0041""#,
      #""\udc00\ud800""#, #""\ud83d\u{de00}""#, "\"\u{0}\"", "\"\u{1}\"", "\"\n\"", "\"\t\"",
      "\"\r\"", "\"\u{1F}\"",
      "\"a\" \"b\"", "\"\\\u{E9}\"",
    ]
  )
  func badString(_ text: String) {
    #expect(!accepts(text), "\(text)")
    #expect((try? scan("{\(text):1}").get()) == nil, "\(text)")
  }

  @Test(
    "structures are accepted",
    arguments: [
      "{}", "[]", "[[]]", "[{}]", "{\"a\":[]}", "[1,2]", "[null]", "[true,false]", " [ 1 , 2 ] ",
      "\n\t\r [\n]\t", "{\"a\":1,\"b\":{\"a\":1}}", "[[],[[]],[[[]]]]", "{\"\":0}", "null", "true",
      "false", "{\"a\":\"a\",\"A\":\"a\"}", "[1,1,1]", "[\"a\",\"a\"]",
    ]
  )
  func goodStructure(_ text: String) throws {
    #expect(accepts(text))
  }

  @Test(
    "structures of another form are refused",
    arguments: [
      "", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1]]", "[1}",
      "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{,\"a\":1}", "{\"a\":1,,\"b\":2}",
      "{\"a\":1 \"b\":2}",
      "{\"a\"::1}", "{\"a\":1:2}", "{a:1}", "{1:1}", "{null:1}", "{[]:1}", "{\"a\" 1}", "{\"a\",1}",
      "{\"a\":1]", "{\"a\":1", "nul", "nulll", "Null", "NULL", "TRUE", "tru", "truee", "falsey",
      "undefined", "1 2", "[1]x", "/*c*/1", "1/*c*/", "//c\n1", "#c\n1", "[\u{C}]", "[\u{B}]",
      "[\u{A0}]", "[\u{2060}]", "<null>", "*", "&", "{\"a\":1,\"a\":1}",
      "{\"a\":{\"b\":1,\"b\":2}}",
      "[{\"a\":1,\"\\u0061\":2}]", "{\"\":1,\"\":2}",
    ]
  )
  func badStructure(_ text: String) {
    #expect(!accepts(text), "\(text)")
  }

  /// Every kind of token, at every depth.
  private static let whole =
    #"{"a":-1.5e+3,"b\u00e9\n":[true,false,null,{"c":"\ud83d\ude00é"},[[]]],"d":{"e":{}, "f" : 0 } ,"":"x\\"} "#

  @Test("a text that ends at any byte before its last is refused")
  func truncation() throws {
    let bytes = Array(Self.whole.utf8)
    #expect(try scan(bytes).get().count == 4)
    // But for the white space at its end.
    for length in 0..<(bytes.count - 1) {
      #expect((try? scan(Array(bytes[..<length])).get()) == nil, "the first \(length) bytes")
    }
  }

  @Test("a text with any one byte left out or put in twice never traps, and most are refused")
  func damage() {
    let bytes = Array(Self.whole.utf8)
    var accepted = 0
    for index in bytes.indices {
      var shorter = bytes
      shorter.remove(at: index)
      if (try? scan(shorter).get()) != nil { accepted += 1 }
      var longer = bytes
      longer.insert(bytes[index], at: index)
      if (try? scan(longer).get()) != nil { accepted += 1 }
      for byte: UInt8 in [0, 0x20, 0x22, 0x2C, 0x5C, 0x7B, 0x7D, 0x80, 0xFF] {
        var other = bytes
        other[index] = byte
        _ = scan(other)
      }
    }
    #expect(accepted < bytes.count / 2)
  }

  @Test("64 levels of any mixture are accepted, 65 are not")
  func depth() {
    for levels in [1, 2, 31, 63, 64, 65, 66, 1_000] {
      var text = "{\"v\":"
      var end = "}"
      for level in 1..<levels {
        text += level % 2 == 0 ? "[" : "{\"k\":"
        end = (level % 2 == 0 ? "]" : "}") + end
      }
      let accepted = (try? scan(text + "0" + end).get()) != nil
      #expect(accepted == (levels <= JSONScanner.maximumDepth), "\(levels) levels")
    }
  }
}
