import SyncModel
import TestSupport
import Testing

@testable import Warehouses

@Suite("JSON that comes in pieces")
struct JSONTokenizerTests {
  /// Writes what it is told in one line.
  private struct Told: JSONEvents {
    var line: [UInt8] = []
    var wantedBytes = Int.max
    mutating func beginObject() { line += Array("{".utf8) }
    mutating func beginArray() { line += Array("[".utf8) }
    mutating func end() { line += Array("/".utf8) }
    mutating func key(_ name: UnsafeRawBufferPointer) { line += Array(name) + Array("=".utf8) }
    mutating func string(_ text: UnsafeRawBufferPointer, size: Int) {
      line += Array("'".utf8) + Array(text) + Array("'".utf8)
      if size > text.count { line += Array("of \(size)".utf8) }
    }
    mutating func word(_ text: UnsafeRawBufferPointer) {
      line += Array("<".utf8) + Array(text) + Array(">".utf8)
    }
  }

  private func told(_ text: String, pieces: Int, wanted: Int = .max) throws -> [UInt8] {
    var told = Told(wantedBytes: wanted)
    var tokenizer = JSONTokenizer(longestString: 100)
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
      try piece.withUnsafeBytes { try tokenizer.feed($0, &told) }
    }
    try tokenizer.finish()
    return told.line
  }

  @Test("the same events whatever the pieces", arguments: [1, 2, 3, 5, 7, 64, 1000])
  func pieces(size: Int) throws {
    let text = #"""
      {"a" : [ {"v":"x\"y\\\/\n\t\u00e9\ud83d\ude00"}, {"v":null} , true,false, -1.5E3 ,[] ,{}],
       "b\u0020c":"plain é text","":""}
      """#
    let expected =
      "{a=[{v='x\"y\\/\n\té😀'/{v=<null>/<true><false><-1.5E3>[/{//b c='plain é text'=''/"
    #expect(String(decoding: try told(text, pieces: size), as: UTF8.self) == expected)
  }

  @Test("half a character stays no character")
  func surrogates() throws {
    #expect(
      try told(#"["\ud83dx"]"#, pieces: 3) == Array("['".utf8) + [0xed, 0xa0, 0xbd]
        + Array("x'/".utf8)
    )
  }

  @Test(
    "what is no JSON is refused",
    arguments: [
      "", "{", "[1,]", "{\"a\" 1}", "{\"a\":1,}", "nul", "nulll", "[1 2]", "\"open", "[}", "{]",
      #"["\x"]"#, #"["\u12g4"]"#, "[1]]", "{1:2}", "tru e",
    ]
  )
  func malformed(text: String) {
    for size in [1, 4, 100] {
      #expect(throws: JSONTokenizer.Problem.self) { try told(text + " ", pieces: size) }
    }
  }

  @Test("strings and nesting have limits")
  func limits() {
    let long = "[\"" + String(repeating: "x", count: 101) + "\"]"
    let deep = String(repeating: "[", count: 65)
    for size in [1, 1000] {
      #expect(throws: JSONTokenizer.Problem.self) { try told(long, pieces: size) }
      #expect(throws: JSONTokenizer.Problem.self) { try told(deep, pieces: size) }
    }
  }

  @Test("of a long string only what is wanted is kept, and its size", arguments: [1, 3, 1000])
  func cut(size: Int) throws {
    let text = #"{"a long key":["12345678","1\n3\u00e967","123",""]}"#
    let expected = "{a long key=['123'of 8'1\n3'of 7'123''" + "'//"
    #expect(String(decoding: try told(text, pieces: size, wanted: 3), as: UTF8.self) == expected)
    // Over the tokenizer's own limit.
    let long = "[\"" + String(repeating: "x", count: 1001) + "\"]"
    #expect(try told(long, pieces: size, wanted: 2) == Array("['xx'of 1001/".utf8))
  }
}
