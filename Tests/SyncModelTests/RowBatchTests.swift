import Testing
import Wire

@testable import SyncModel

/// Rows travel as `sluice.writer.v1.Row`, read as views over the bytes that arrived.
@Suite struct RowBatchTests {
  @Test("Every value comes back, byte by byte; NULL and the empty value stay apart")
  func roundTrip() throws {
    let all = TestRow(
      updatedAt: -1,
      values: [
        "external", "alias", "label", "braze", "a@b.example", "+41440000000", #"{"a":1}"#,
      ]
    )
    let none = TestRow(updatedAt: .max, values: [nil, nil, nil, nil, nil, nil, nil])
    let empty = TestRow(updatedAt: 0, values: ["", "", "", "", "", "", ""])
    let odd = TestRow(updatedAt: .min, bytes: [[0, 0xFF, 0xC0], nil, nil, nil, [], nil, [0x80]])
    let rows = [all, none, empty, odd]
    let batch = rows.batch()
    #expect(batch.testRows == rows)
    #expect(try RowBatch(inMessage: carried(batch)).testRows == rows)
  }

  @Test("One field of Row after another has the number and type of Protos/")
  func golden() {
    let row = TestRow(
      updatedAt: 0x0102_0304_0506_0708,
      values: ["e", "n", "l", "b", "m", "p", "{}"]
    )
    let expected: [UInt8] =
      [0x7A, 31, 0x09, 8, 7, 6, 5, 4, 3, 2, 1]
      + [0x12, 1, 0x65, 0x1A, 1, 0x6E, 0x22, 1, 0x6C, 0x2A, 1, 0x62]
      + [0x32, 1, 0x6D, 0x3A, 1, 0x70, 0x42, 2, 0x7B, 0x7D]
    #expect(carried([row].batch()) == expected)
  }

  @Test("The rows of a message that carries other fields too, and unknown ones, are found in order")
  func amongOthers() throws {
    let rows = (0..<5).map { TestRow(updatedAt: Int64($0), values: ["\($0)"]) }
    var writer = WireWriter()
    writer.string(1, "default")
    for row in rows {
      [row].batch().encode(into: &writer)
      writer.uint64(3, 7)
      writer.string(99, "later")
      // The number of rows, but another type: unknown.
      writer.uint64(RowBatch.fieldNumber, 1)
    }
    let batch = try RowBatch(inMessage: writer.bytes)
    #expect(batch.testRows == rows)
    #expect(batch.lastUpdatedAt == Timestamp(nanoseconds: 4))
    #expect(batch == rows.batch())
    // Only the rows go on.
    #expect(carried(batch) == carried(rows.batch()))
  }

  @Test("A row's unknown fields and fields of another type are passed over; the last value wins")
  func rowFields() throws {
    var writer = WireWriter()
    writer.delimited(RowBatch.fieldNumber) { row in
      row.string(2, "first")
      row.uint64(2, 5)
      row.string(200, "unknown")
      // 258 is 2 in its low byte.
      row.string(258, "unknown")
      row.string(2, "last")
      row.alwaysSFixed64(1, 9)
    }
    let batch = try RowBatch(inMessage: writer.bytes)
    #expect(batch.testRows == [TestRow(updatedAt: 9, values: ["last"])])
  }

  @Test("A row without updated_at is at 1970, as proto3's default says")
  func defaultUpdatedAt() throws {
    let batch = try RowBatch(inMessage: [0x7A, 0])
    #expect(batch.testRows == [TestRow(updatedAt: 0, values: [])])
  }

  @Test("No rows are no batch position")
  func empty() throws {
    #expect(RowBatch.empty.isEmpty)
    #expect(RowBatch.empty.lastUpdatedAt == nil)
    #expect(try RowBatch(inMessage: []) == .empty)
    var builder = RowBatchBuilder()
    #expect(builder.take() == .empty)
  }

  @Test("A damaged row refuses the whole message, wherever it is cut")
  func damaged() {
    let bytes = carried(
      [
        TestRow(updatedAt: 1, values: ["one", "n", "l", "b", "m", "p", "{}"]),
        TestRow(updatedAt: 2, values: ["two"]),
      ].batch()
    )
    let second =
      bytes.count - [UInt8](carried([TestRow(updatedAt: 2, values: ["two"])].batch())).count
    for length in 0..<bytes.count {
      let cut = Array(bytes.prefix(length))
      if length == 0 || length == second {
        #expect((try? RowBatch(inMessage: cut))?.count == (length == 0 ? 0 : 1))
      } else {
        #expect(throws: WireError.truncated) { try RowBatch(inMessage: cut) }
      }
    }
    // The row ends inside its own field although the message goes on.
    #expect(throws: WireError.truncated) {
      try RowBatch(inMessage: [0x7A, 3, 0x12, 5, 0x61, 0x61, 0x61, 0x61, 0x61])
    }
  }

  @Test("A message beyond 32-bit offsets is refused, not read wrong")
  func tooLarge() throws {
    let bytes = carried([TestRow(updatedAt: 1, values: ["a"])].batch())
    #expect(throws: WireError.tooLarge) {
      try RowBatch(inMessage: bytes, sizeLimit: bytes.count - 1)
    }
    #expect(try RowBatch(inMessage: bytes, sizeLimit: bytes.count).count == 1)
  }

  @Test("Batches are equal by their rows, whatever carried them")
  func equality() throws {
    let a = [TestRow(updatedAt: 1, values: ["a"]), TestRow(updatedAt: 2, values: ["b"])]
    #expect(a.batch() == a.batch())
    #expect(a.batch() != Array(a.reversed()).batch())
    #expect(a.batch() != Array(a.prefix(1)).batch())
    #expect(
      [TestRow(updatedAt: 1, values: [nil])].batch()
        != [TestRow(updatedAt: 1, values: [""])].batch()
    )
  }
}

/// A batch as the bytes of the message that carries it.
func carried(_ batch: RowBatch) -> [UInt8] {
  var writer = WireWriter()
  batch.encode(into: &writer)
  return writer.bytes
}
