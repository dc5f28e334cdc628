import HTTPFetch
import SyncModel
import Warehouse

/// The rows of one result, in order, row by row. Used by one task at a time.
///
/// Each chunk's rows are counted against what was announced, and a chunk that breaks off goes on
/// after the rows that were handed out: none twice, none missing (warehouses.md, B.8.10, B.8.11).
final class DatabricksRows {
  private let chunks: DatabricksChunks
  private let source: String
  private let width: Int
  private var reader: JSONRowReader
  private var body: HTTPBody?
  private var piece: [UInt8] = []
  private var position = 0
  private var chunk = 0
  /// Rows of this chunk that were handed out, and how many of them come again after it broke off.
  private var given = 0
  private var skip = 0
  private var failures = 0

  init(_ chunks: DatabricksChunks, source: String) {
    self.chunks = chunks
    self.source = source
    width = chunks.manifest.columns.count
    reader = JSONRowReader(limits: Self.limits(width))
  }

  /// Everything of each cell: what may be long is cut by the query.
  private static func limits(_ width: Int) -> [Int] { Array(repeating: .max, count: width) }

  /// Hands out the rows of the bytes that are here, until `take` returns false or they are used up.
  ///
  /// - Returns: true when `take` wants no more for now; false when more bytes are needed.
  func drain(
    _ take: (JSONCells.Lent) throws -> Bool
  ) throws -> Bool {
    do {
      let isEnough = try piece.withUnsafeBytes { bytes in
        try reader.read(bytes, from: &position) { cells in
          if skip > 0 {
            skip -= 1
            return true
          }
          failures = 0
          given += 1
          return try take(cells)
        }
      }
      if !isEnough { piece = [] }
      return isEnough
    } catch let problem as JSONRowReader.Problem {
      throw malformed(problem)
    }
  }

  /// Waits for more bytes.
  /// - Returns: false at the end of the result.
  nonisolated(nonsending) func fetch() async throws -> Bool {
    while true {
      if body == nil {
        guard chunk < chunks.manifest.chunks.count else { return false }
        body = try await chunks.body(chunk)
      }
      do {
        if let more = try await body?.next() {
          piece = more
          position = 0
          return true
        }
      } catch let error as FetchError {
        if chunks.isClosed { throw DatabricksRunner.closed(source) }
        try await reopen("\(error.kind.rawValue)")
        continue
      } catch is CancellationError where chunks.isClosed && !Task.isCancelled {
        throw DatabricksRunner.closed(source)
      }
      guard reader.isComplete else {
        // It ended too early, though whoever sent it did not say so.
        try await reopen("it ended in the middle")
        continue
      }
      try endChunk()
    }
  }

  private func endChunk() throws {
    let announced = chunks.manifest.chunks[chunk]
    guard reader.rows == announced else {
      throw Failure(
        "result_incomplete",
        "chunk \(chunk) of the result of \(source) has \(reader.rows) rows, but \(announced) were announced: do not trust this run, and run the sync again",
        recovery: .failRun
      )
    }
    chunk += 1
    (given, skip) = (0, 0)
    failures = 0
    body = nil
    reader = JSONRowReader(limits: Self.limits(width))
  }

  private nonisolated(nonsending) func reopen(_ problem: String) async throws {
    failures += 1
    guard failures < DatabricksChunks.attempts else {
      throw Failure(
        "connection_lost",
        "chunk \(chunk) of the result of \(source) broke off again and again (\(problem))",
        recovery: .reconnect
      )
    }
    skip = given
    reader = JSONRowReader(limits: Self.limits(width))
    body = nil
    try await chunks.pause(failures)
    body = try await chunks.reopen(chunk)
  }

  private func malformed(_ problem: JSONRowReader.Problem) -> Failure {
    Failure(
      "unexpected_answer",
      "chunk \(chunk) of the result of \(source) cannot be read: \(problem.reason)",
      recovery: .failRun
    )
  }
}
