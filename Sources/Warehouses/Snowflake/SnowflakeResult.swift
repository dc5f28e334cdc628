import HTTPFetch
import SyncModel
import Warehouse

/// A statement's result as it streams in, partition by partition, in order.
///
/// Complete means: every partition has as many rows as the server announced, and all together as many
/// as the result (warehouses.md, A.5).
///
/// Safety: used by one task at a time, as `ChangeReader` is.
final class SnowflakeResult: @unchecked Sendable {
  let columns: [SnowflakeColumn]
  let startedAt: Timestamp
  /// Rows of the whole result, as the server says.
  let rowCount: Int64
  private let session: SnowflakeSession
  private let source: String
  private let limits: [Int]?
  private let handle: String?
  private let rowCounts: [Int64]
  private let window: PartitionWindow?

  private var number = 0
  private var body: PartitionBody?
  private var reader: JSONRowReader
  private var chunk: [UInt8] = []
  private var position = 0
  /// Rows of this partition that were handed out, to be passed over when it is read again.
  private var given: Int64 = 0
  private var skipped: Int64 = 0
  private var failures = 0
  private var total: Int64 = 0

  private static let mostFailures = 5

  /// Runs a statement; returns when its columns are known.
  /// - Parameter limits: as `JSONRowReader` takes them.
  /// - Throws: `Failure`, `CancellationError`.
  static func open(
    _ statement: SnowflakeStatement,
    limits: [Int]? = nil,
    on session: SnowflakeSession
  ) async throws -> SnowflakeResult {
    let finished = try await session.run(statement)
    do {
      return try await SnowflakeResult(finished, statement, limits, session)
    } catch {
      throw session.failures.failure(error, source: statement.source)
    }
  }

  private init(
    _ finished: SnowflakeSession.Finished,
    _ statement: SnowflakeStatement,
    _ limits: [Int]?,
    _ session: SnowflakeSession
  ) async throws {
    let body = PartitionBody(finished.response)
    var reader = JSONRowReader(limits: limits)
    reader.pausesAtRows = true
    var chunk: [UInt8] = []
    var position = 0
    // Up to the rows, or to the end of an answer that has none.
    var hasRows = false
    while !hasRows, let bytes = try await body.next() {
      chunk = bytes
      do {
        hasRows = try bytes.withUnsafeBytes { bytes in
          try reader.read(bytes, from: &position) { _ in true }
        }
      } catch let problem as JSONRowReader.Problem {
        throw SnowflakeAnswer.malformed(problem.reason)
      }
    }
    if !hasRows { chunk = [] }
    guard let members = reader.members, let metadata = members["resultSetMetaData"] else {
      throw SnowflakeAnswer.malformed("it does not say what the rows are")
    }
    if let code = members["code"]?.string, code == "391908" {
      throw SnowflakeError(status: 200, code: code)
    }
    let partitions = metadata["partitionInfo"]?.elements ?? []
    let handle = finished.handle ?? members["statementHandle"]?.string
    guard let rowCount = metadata["numRows"]?.integer, rowCount >= 0 else {
      throw SnowflakeAnswer.malformed("it does not say how many rows there are")
    }
    // An empty result may have no partition at all.
    let counts = partitions.map { $0["rowCount"]?.integer ?? -1 }
    guard counts.reduce(0, { $0 &+ $1 }) == rowCount, !counts.contains(where: { $0 < 0 }) else {
      throw Self.incomplete(statement.source, counts.reduce(0, { $0 &+ $1 }), of: rowCount)
    }
    columns = (metadata["rowType"]?.elements ?? []).map(SnowflakeColumn.init)
    startedAt = finished.startedAt
    self.rowCount = rowCount
    self.session = session
    source = statement.source
    self.limits = limits
    self.handle = handle
    rowCounts = counts.isEmpty ? [0] : counts
    if partitions.count > 1, let handle {
      window = PartitionWindow(session, handle: handle, count: partitions.count)
    } else {
      window = nil
    }
    self.body = body
    self.reader = reader
    self.chunk = chunk
    self.position = position
    window?.fill()
  }

  /// What was asked for ahead is let go of. May be called from any task: the body that is being read
  /// ends with the session's client.
  func close() { window?.close() }

  /// Lends rows until `take` answers that it wants no more for now.
  /// - Returns: false at the end of the result.
  /// - Throws: `Failure`, `CancellationError`.
  func read(_ take: (JSONCells.Lent) throws -> Bool) async throws -> Bool {
    while number < rowCounts.count {
      do {
        if try await readPartition(take) { return true }
        try finishPartition()
      } catch let error as FetchError {
        try await restart(
          after: error,
          else: session.failures.failure(error, source: source)
        )
      } catch let failure as Failure where failure.code == SnowflakeAnswer.malformedCode {
        // Damaged on the way: gzip shows it in its bytes before its checksum does.
        try await restart(after: FetchError(.badEncoding, failure.message), else: failure)
      } catch let error as SnowflakeError {
        throw session.failures.failure(error, source: source)
      }
    }
    return false
  }

  /// - Returns: true when `take` wants no more for now.
  private func readPartition(_ take: (JSONCells.Lent) throws -> Bool) async throws -> Bool {
    try Task.checkCancellation()
    if body == nil {
      guard let window else { throw FetchError(.truncated, "the answer was not complete") }
      body = PartitionBody(try await window.take(number))
      window.fill()
    }
    while true {
      if position < chunk.count {
        if try readChunk(take) { return true }
      }
      try Task.checkCancellation()
      guard let bytes = try await body?.next() else { break }
      (chunk, position) = (bytes, 0)
    }
    guard reader.isComplete else {
      throw FetchError(.truncated, "the answer ended in the middle of its rows")
    }
    return false
  }

  /// The rows of the bytes that are here.
  /// - Returns: as `readPartition`.
  private func readChunk(_ take: (JSONCells.Lent) throws -> Bool) throws -> Bool {
    do {
      let isEnough = try chunk.withUnsafeBytes { bytes in
        try reader.read(bytes, from: &position) { cells in
          if skipped > 0 {
            skipped -= 1
            return true
          }
          given += 1
          return try take(cells)
        }
      }
      if !isEnough { chunk = [] }
      return isEnough
    } catch let problem as JSONRowReader.Problem {
      throw SnowflakeAnswer.malformed(problem.reason)
    }
  }

  private func finishPartition() throws {
    guard reader.rows == rowCounts[number] else {
      throw Self.incomplete(source, reader.rows, of: rowCounts[number], partition: number)
    }
    // A first answer may say only behind its rows that they are not all.
    if number == 0, let code = reader.members?["code"]?.string, code == "391908" {
      throw SnowflakeError(status: 200, code: code)
    }
    total += reader.rows
    number += 1
    begin()
    (given, failures) = (0, 0)
    if number == rowCounts.count, total != rowCount {
      throw Self.incomplete(source, total, of: rowCount)
    }
  }

  /// Reads the partition again from its beginning, passing over what was handed out.
  private func restart(after error: FetchError, else failure: any Error) async throws {
    failures += 1
    let mayPass: Bool =
      switch error.kind {
      case .truncated, .connectionLost, .timeout, .badEncoding, .cannotConnect: true
      default: false
      }
    guard mayPass, failures < Self.mostFailures, let handle else { throw failure }
    body?.cancel()
    begin()
    skipped = given
    try await Task.sleep(for: .milliseconds(100 << failures))
    do {
      body = PartitionBody(try await session.openPartition(handle, number))
    } catch {
      throw session.failures.failure(error, source: source)
    }
  }

  private func begin() {
    reader = JSONRowReader(limits: limits)
    (body, chunk, position, skipped) = (nil, [], 0, 0)
  }

  private static func incomplete(
    _ source: String,
    _ found: Int64,
    of wanted: Int64,
    partition: Int? = nil
  ) -> Failure {
    let place = partition.map { " in partition \($0)" } ?? ""
    return Failure(
      "result_incomplete",
      """
      Snowflake announced \(wanted) rows of \(source)\(place) and sent \(found); nothing behind them is \
      taken, and the next run reads on from the last row that was applied
      """,
      recovery: .failRun
    )
  }
}

/// A column of a result.
struct SnowflakeColumn: Sendable, Equatable {
  var name: String
  /// Lower case, e.g. `timestamp_ntz`.
  var type: String
  var precision: Int64?
  var scale: Int64?
  var length: Int64?
  /// Its values compare by other rules than their bytes.
  var isCollated: Bool

  init(_ value: JSONValue) {
    name = value["name"]?.string ?? ""
    // The reference has it in both cases.
    type = (value["type"]?.string ?? "").lowercased()
    precision = value["precision"]?.integer
    scale = value["scale"]?.integer
    length = value["length"]?.integer
    isCollated = value["collation"]?.string.map { !$0.isEmpty } ?? false
  }

  /// - Parameter spelling: as DESC TABLE prints it.
  init(name: String, spelling: String) {
    self.name = name
    let parts = spelling.split(whereSeparator: { "(,)".contains($0) })
    let word = parts.first.map { $0.lowercased() } ?? ""
    type = ["number": "fixed", "varchar": "text", "float": "real"][word] ?? word
    let numbers = parts.dropFirst().map { Int64($0) }
    let first = numbers.first.flatMap { $0 }
    precision = type == "fixed" ? first : nil
    length = type == "text" ? first : nil
    scale = type == "fixed" ? numbers.dropFirst().first.flatMap { $0 } : first
    isCollated = false
  }

  /// As DESC TABLE prints it.
  var spelling: String {
    switch type {
    case "fixed": "NUMBER(\(precision ?? 38),\(scale ?? 0))"
    case "text": length.map { "VARCHAR(\($0))" } ?? "VARCHAR"
    case "real": "FLOAT"
    case "timestamp_ntz", "timestamp_ltz", "timestamp_tz", "time":
      "\(type.uppercased())(\(scale ?? 9))"
    default: type.uppercased()
    }
  }
}
