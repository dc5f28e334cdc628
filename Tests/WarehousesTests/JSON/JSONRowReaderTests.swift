import SyncModel
import Testing
import Warehouse

@testable import Warehouses

@Suite("Rows of JSON, read as they come")
struct JSONRowReaderTests {
  private struct Found {
    var rows: [[[UInt8]?]] = []
    var sizes: [[Int]] = []
    var members: JSONValue?
    var isComplete = false
  }

  /// All rows, with the text cut into pieces of a size, and reading stopped after each so many rows.
  private func read(
    _ text: String,
    limits: [Int]? = nil,
    pieces: Int,
    stops: Int = 2,
    pausesAtRows: Bool = false
  ) throws -> Found {
    var reader = JSONRowReader(limits: limits)
    reader.pausesAtRows = pausesAtRows
    var found = Found()
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
      var position = 0
      while try piece.withUnsafeBytes({ piece in
        try reader.read(piece, from: &position) { cells in
          found.rows.append((0..<cells.count).map { cells[$0].map { Array($0) } })
          found.sizes.append((0..<cells.count).map { cells.size($0) })
          return !found.rows.count.isMultiple(of: stops)
        }
      }) {}
    }
    found.members = reader.members
    found.isComplete = reader.isComplete
    let count = reader.rows
    #expect(count == Int64(found.rows.count))
    return found
  }

  @Test("the same rows however the bytes are cut", arguments: [1, 2, 3, 5, 7, 64, 4096])
  func pieces(size: Int) throws {
    let rows =
      #" [ ["a","",null] ,[ "\"\\\/\n\t\r\b\f" , "\u00e9\uD83D\uDE00é" , "null" ],["1",-2.5e3,true]] "#
    let expected: [[String?]] = [
      ["a", "", nil], ["\"\\/\n\t\r\u{8}\u{c}", "é😀é", "null"], ["1", "-2.5e3", "true"],
    ]
    for text in [rows, #"{"x":[["no"]],"data":\#(rows),"y":{"data":[1]}}"#] {
      for stops in [1, 2, 100] {
        let found = try read(text, limits: [.max, .max, .max], pieces: size, stops: stops)
        #expect(found.isComplete)
        #expect(found.rows == expected.map { $0.map { $0.map { Array($0.utf8) } } })
      }
    }
  }

  @Test(
    "members around the rows are a tree; it can stop where the rows begin",
    arguments: [1, 9, 4096]
  )
  func members(size: Int) throws {
    let text = #"{"code":"1","n":[1,{"b":true,"c":null}],"data":[["a"]],"after":"x"}"#
    let found = try read(text, pieces: size, pausesAtRows: true)
    #expect(found.isComplete && found.rows == [[Array("a".utf8)]])
    let wanted = #"{"code":"1","n":[1,{"b":true,"c":null}],"after":"x"}"#
    #expect(found.members == JSONValue(Array(wanted.utf8)))

    var reader = JSONRowReader(limits: nil)
    reader.pausesAtRows = true
    var position = 0
    let stopped = try Array(text.utf8).withUnsafeBytes { bytes in
      try reader.read(bytes, from: &position) { _ in true }
    }
    let members = reader.members
    #expect(stopped && text.utf8.dropFirst(position).starts(with: #"["a"]]"#.utf8))
    #expect(members?["code"]?.string == "1" && members?["after"] == nil)
  }

  @Test("a surrogate without its other half is no UTF-8, and nothing else is changed")
  func surrogates() throws {
    let row = try read(#"[["a\ud83dx","\udc00","\ud83d\ud83d\ude00"]]"#, pieces: 4).rows[0]
    #expect(row[0] == [0x61, 0xed, 0xa0, 0xbd, 0x78])
    #expect(row[1] == [0xed, 0xb0, 0x80])
    #expect(row[2] == [0xed, 0xa0, 0xbd] + Array("😀".utf8))
  }

  @Test(
    "no rows",
    arguments: ["[]", " [ ] \n", "{}", #"{"data":[]}"#, #"{"data":null,"code":"1"}"#]
  )
  func empty(text: String) throws {
    for size in [1, 100] {
      let found = try read(text, limits: [1, 1], pieces: size)
      #expect(found.rows.isEmpty && found.isComplete)
    }
  }

  @Test(
    "what is no array of rows is refused",
    arguments: [
      "[1]", "[[\"a\" \"b\"]]", "[[nul]]", "[[\"\\x\"]]", "[[\"\\u00g0\"]]", "[[[\"a\"]]]",
      "[[\"a\"]]x", "[[{}]]", "[{}]", "<html>", "[[\"a\"],]", "\"a\"", "1", #"{"data":"x"}"#,
      #"{"data":{}}"#, #"{"data":1}"#,
    ]
  )
  func malformed(text: String) throws {
    for size in [1, 3, 100] {
      #expect(throws: JSONRowReader.Problem.self) {
        _ = try read(text + " ", limits: [10], pieces: size)
      }
    }
  }

  @Test("a row that has not ended is not handed out", arguments: [1, 100])
  func truncated(size: Int) throws {
    let text = #"{"data":[["a","b"],["c","d"]]}"#
    for count in 0..<text.utf8.count {
      let found = try read(String(text.prefix(count)), limits: [9, 9], pieces: size)
      #expect(!found.isComplete)
      #expect(found.rows.count == (count < 18 ? 0 : count < 28 ? 1 : 2), "\(count)")
    }
  }

  @Test("rows have as many cells as there are columns, and cells are kept up to their limit")
  func bounds() throws {
    for (text, limits, reason) in [
      (#"[["a"],["a","b"]]"#, [1], "row 1 has 2 values"),
      (#"[["a"]]"#, [1, 1], "row 0 has 1 value, and there are 2 columns"),
    ] {
      let problem = #expect(throws: JSONRowReader.Problem.self) {
        _ = try read(text, limits: limits, pieces: 100)
      }
      #expect(problem?.reason.hasPrefix(reason) == true)
    }
    for size in [1, 7, 10_000] {
      let long = String(repeating: "x", count: 3000)
      let found = try read(#"[["\#(long)","\#(long)",null]]"#, limits: [5, .max, 1], pieces: size)
      #expect(found.rows[0].map { $0?.count } == [5, 3000, nil])
      #expect(found.sizes[0] == [3000, 3000, 0])
      #expect(try read(#"[["\#(long)"]]"#, pieces: size).rows[0][0]?.count == 1024)
    }
  }

  @Test("what stands beside the rows has a limit")
  func largeMembers() throws {
    let text = String(repeating: "y", count: 9 << 20)
    #expect(try read(#"{"x":"\#(text)"}"#, pieces: 1 << 20).isComplete)
    #expect(throws: JSONRowReader.Problem.self) {
      _ = try read(#"{"x":"\#(text)","y":"\#(text)"}"#, pieces: 1 << 20)
    }
  }
}
