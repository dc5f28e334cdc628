import SyncModel
import Testing
import Wire

/// What a builder keeps, cuts and calls full.
@Suite struct RowBatchBuilderTests {
  private static let megabyte = 1_048_576

  private func payload(_ size: Int) -> TestRow {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 % 251) }
    return TestRow(updatedAt: 1, bytes: [[0x61], nil, nil, nil, nil, nil, bytes])
  }

  @Test("A payload of exactly 1 MB travels whole (R31)", arguments: [0, 1, megabyte - 1, megabyte])
  func wholePayload(size: Int) throws {
    let row = payload(size)
    let batch = try RowBatch(inMessage: carried([row].batch()))
    #expect(batch.testRows == [row])
  }

  @Test(
    "A longer payload is cut to an excerpt, its size kept (R30)",
    arguments: [megabyte + 1, 3 * megabyte]
  )
  func cutPayload(size: Int) throws {
    let row = payload(size)
    let batch = try RowBatch(inMessage: carried([row].batch()))
    var expected = row
    expected.values[6] = row.values[6].map { Array($0.prefix(1024)) }
    expected.oversizedPayload = UInt64(size)
    #expect(batch.testRows == [expected])
    #expect(batch.byteCount < 1100)
  }

  @Test("A row that was cut before keeps the payload's real size")
  func cutBefore() throws {
    let cut = TestRow(
      updatedAt: 1,
      bytes: [[0x61], nil, nil, nil, nil, nil, [UInt8](repeating: 0x7B, count: 1024)],
      oversizedPayload: 5_000_000_000
    )
    #expect([cut].batch().testRows == [cut])
    #expect(try RowBatch(inMessage: carried([cut].batch())).testRows == [cut])
  }

  @Test("An identifier that no rule allows is cut, so that it can be refused (R52)")
  func longIdentifiers() {
    for index in 0..<6 {
      var row = TestRow(updatedAt: 1, values: [])
      row.values[index] = [UInt8](repeating: 0x78, count: 1024)
      #expect([row].batch().testRows == [row])
      row.values[index]?.append(0x79)
      #expect([row].batch().testRows[0].values[index]?.count == 1024)
      row.values[index] = [UInt8](repeating: 0x78, count: 2_000_000)
      #expect([row].batch().byteCount < 1100)
    }
  }

  @Test("A batch is full at its rows")
  func fullByRows() {
    var builder = RowBatchBuilder(maximumRows: 3)
    for count in 0..<3 {
      let isFull = builder.isFull
      #expect(!isFull, "with \(count) rows")
      TestRow(updatedAt: 1, values: ["a"]).append(to: &builder)
    }
    #expect(builder.isFull)
    #expect(builder.take().count == 3)
    #expect(builder.isEmpty && !builder.isFull)
  }

  @Test("A batch is full at its bytes, and the longest rows stay below gRPC's 4 MiB")
  func fullByBytes() {
    let longest = TestRow(
      updatedAt: .max,
      bytes: [[UInt8]](repeating: [UInt8](repeating: 0x78, count: 1024), count: 6)
        + [[UInt8](repeating: 0x78, count: Self.megabyte)]
    )
    var builder = RowBatchBuilder()
    while !builder.isFull { longest.append(to: &builder) }
    let batch = builder.take()
    #expect(batch.count == 2)
    #expect(batch.byteCount > 1_500_000 && batch.byteCount < 4 * Self.megabyte)
    // Just below the limit in small rows, then one more of the longest.
    for _ in 0..<5_390 {
      TestRow(updatedAt: 1, bytes: [[UInt8](repeating: 0x78, count: 263)]).append(to: &builder)
    }
    // Looked at before they are expected: a failure would describe the builder's megabytes.
    let before = builder.isFull
    longest.append(to: &builder)
    let after = builder.isFull
    #expect(!before && after)
    #expect(builder.take().byteCount < 4 * Self.megabyte - 4096)
  }

  @Test("A batch that was taken is not touched by the next")
  func independence() {
    var builder = RowBatchBuilder()
    TestRow(updatedAt: 5, values: ["first"]).append(to: &builder)
    let first = builder.take()
    TestRow(updatedAt: 3, values: ["second"]).append(to: &builder)
    let second = builder.take()
    #expect(first.testRows == [TestRow(updatedAt: 5, values: ["first"])])
    #expect(second.testRows == [TestRow(updatedAt: 3, values: ["second"])])
    #expect(first.lastUpdatedAt == Timestamp(nanoseconds: 5))
    #expect(second.lastUpdatedAt == Timestamp(nanoseconds: 3))
  }

  @Test("The greatest updated_at counts, not the last")
  func greatest() {
    let rows = [3, 9, -4].map { TestRow(updatedAt: $0, values: ["a"]) }
    #expect(rows.batch().lastUpdatedAt == Timestamp(nanoseconds: 9))
  }

  @Test("More than a batch's offsets can address is never asked for")
  func hugeTarget() {
    #expect(RowBatchBuilder(targetBytes: .max).targetBytes == 1 << 30)
  }
}
