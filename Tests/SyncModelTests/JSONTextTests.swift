import SyncModel
import Testing

private func compact(_ text: String) -> String {
  var sink = ByteSink()
  Array(text.utf8).withUnsafeBytes { JSONText.appendCompact($0, into: &sink) }
  return String(decoding: sink.bytes, as: UTF8.self)
}

@Suite("JSON text")
struct JSONTextTests {
  @Test(
    "the compact form drops white space between tokens and needless escapes, and nothing else",
    arguments: [
      ("[ 1 , 2.50 ,\n{ \"a b\" : \" c \" } ]", "[1,2.50,{\"a b\":\" c \"}]"),
      (#""\u00e9\/\u0041\ud83d\ude00""#, "\"é/A😀\""),
      (
        #""\u0022\u005c\u0008\u000c\u000a\u000d\u0009\u001F\u007f""#,
        "\"\\\"\\\\\\b\\f\\n\\r\\t\\u001f\u{7F}\""
      ),
      (#"{"\u0061":"\\\"","b":[]}"#, #"{"a":"\\\"","b":[]}"#),
      ("-0.0", "-0.0"), ("null", "null"), ("\"\"", "\"\""),
    ]
  )
  func compactForm(_ text: String, _ expected: String) {
    #expect(compact(text) == expected)
    #expect(compact(expected) == expected)
  }

  @Test("the compact form of any value is valid and means the same", arguments: 0..<8)
  func compactIsValid(_ seed: UInt64) throws {
    var random = Xorshift(seed &+ 1000)
    for _ in 0..<200 {
      let text = JSONGenerator.object(&random, depth: 0)
      let short = compact(text)
      let (before, after) = (try scan(text).get(), try scan(short).get())
      #expect(before.map(\.key) == after.map(\.key))
      #expect(before.map(\.kind) == after.map(\.kind))
      #expect(
        before.map { compact(String(decoding: $0.value, as: UTF8.self)) }
          == after.map { String(decoding: $0.value, as: UTF8.self) },
        "seed \(seed)"
      )
    }
  }

  @Test("a string is written with the escapes that it needs")
  func strings() {
    var sink = ByteSink()
    JSONText.appendString("a\"b\\c\nd\u{1}é", into: &sink)
    #expect(String(decoding: sink.bytes, as: UTF8.self) == #""a\"b\\c\nd\u0001é""#)
  }

  @Test("a byte sink grows past its first memory and keeps what it had")
  func sink() {
    var sink = ByteSink(capacity: 64)
    for number in 0..<1000 { sink.appendVarint(UInt64(number)) }
    sink.appendFixed64(-2)
    #expect(sink.count == 128 + 872 * 2 + 8)
    #expect(sink.bytes[0] == 0 && sink.bytes[127] == 127 && sink.bytes[128] == 0x80)
    sink.replace(7, at: 0)
    #expect(Array(sink.bytes.prefix(5)) == [7, 0, 0, 0, 4])
    sink.truncate(to: 3)
    #expect(sink.bytes(from: 1).count == 2)
  }
}
