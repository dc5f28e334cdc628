import Testing

@testable import Warehouses

@Suite("Rows of JSON, read as they come")
struct JSONRowReaderTests {
  /// All rows, with the text cut into pieces of a size.
  func rows(_ text: String, columns: Int, pieces: Int, largestRow: Int = 1 << 20) throws
    -> [[[UInt8]?]]
  {
    var reader = JSONRowReader(columns: columns, largestRow: largestRow)
    var result: [[[UInt8]?]] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
      var position = 0
      var goesOn = true
      while goesOn {
        goesOn = try piece.withUnsafeBytes { try reader.next(in: $0, at: &position) }
        if goesOn { result.append((0..<columns).map { reader.cell($0).map { Array($0) } }) }
      }
    }
    let isComplete = reader.isComplete
    #expect(isComplete)
    return result
  }

  @Test("the same rows however the bytes are cut", arguments: [1, 2, 3, 5, 7, 64, 4096])
  func pieces(size: Int) throws {
    let text =
      #" [ ["a","",null] ,[ "\"\\\/\n\t\r\b\f" , "\u00e9\uD83D\uDE00é" , "null" ],["1",-2.5e3,true]] "#
    let found = try rows(text, columns: 3, pieces: size)
    let expected: [[String?]] = [
      ["a", "", nil], ["\"\\/\n\t\r\u{8}\u{c}", "é😀é", "null"], ["1", "-2.5e3", "true"],
    ]
    #expect(found == expected.map { $0.map { $0.map { Array($0.utf8) } } })
  }

  @Test("a surrogate without its other half is no UTF-8, and nothing else is changed")
  func surrogates() throws {
    let found = try rows(#"[["a\ud83dx","\udc00","\ud83d\ud83d\ude00"]]"#, columns: 3, pieces: 4)
    #expect(found[0][0] == [0x61, 0xed, 0xa0, 0xbd, 0x78])
    #expect(found[0][1] == [0xed, 0xb0, 0x80])
    #expect(found[0][2] == [0xed, 0xa0, 0xbd] + Array("😀".utf8))
  }

  @Test("no rows")
  func empty() throws {
    #expect(try rows("[]", columns: 2, pieces: 1).isEmpty)
    #expect(try rows(" [ ] \n", columns: 2, pieces: 100).isEmpty)
  }

  @Test(
    "what is no array of rows is refused",
    arguments: [
      "{}", "[1]", "[[\"a\" \"b\"]]", "[[nul]]", "[[\"\\x\"]]", "[[\"\\u00g0\"]]", "[[[\"a\"]]]",
      "[[\"a\"]]x", "[[{}]]", "<html>", "[[\"a\"],]",
    ]
  )
  func malformed(text: String) throws {
    #expect(throws: JSONRowReader.Problem.self) { _ = try rows(text, columns: 1, pieces: 3) }
  }

  @Test("rows have as many cells as there are columns, and a bounded size")
  func bounds() throws {
    #expect(throws: JSONRowReader.Problem.wrongWidth(row: 1)) {
      _ = try rows(#"[["a"],["a","b"]]"#, columns: 1, pieces: 100)
    }
    #expect(throws: JSONRowReader.Problem.wrongWidth(row: 0)) {
      _ = try rows(#"[["a"]]"#, columns: 2, pieces: 100)
    }
    #expect(throws: JSONRowReader.Problem.rowTooLong(row: 0)) {
      _ = try rows(
        "[[\"\(String(repeating: "x", count: 100))\"]]",
        columns: 1,
        pieces: 10,
        largestRow: 64
      )
    }
  }
}
