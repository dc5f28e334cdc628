import CPostgreSQL

/// A prepared statement of the store. Confined to its connection's thread.
final class PostgreSQLStatement: SQLStatement {
  let sql: String
  /// Under which the server knows it.
  let name: String
  /// The server's types of its parameters.
  let types: [UInt32]
  private unowned let connection: PostgreSQLStoreConnection
  private var parameters: PostgreSQLParameters

  private enum Progress {
    case ready
    /// Rows are still to come from the server.
    case arriving
    /// The rest was read into memory, because another statement wanted the connection.
    case readAhead
    case done
  }
  private var progress = Progress.ready
  /// The row at hand.
  private var row: OpaquePointer?
  private var ahead: [OpaquePointer] = []
  private var nextAhead = 0
  /// What went wrong while the rest was read.
  private var failure: (any Error)?

  /// Set while `execute` or `query` steps it, so that a nested use of the same text gets another.
  var isInUse = false
  /// For choosing what the cache lets go of.
  var lastUse: UInt64 = 0
  /// How many rows the last run changed.
  private(set) var changes = 0

  /// As much of a result as is read ahead: beyond it the outer query has to be of fewer rows.
  static let readAheadBytes = 32 << 20

  init(_ sql: String, name: String, types: [UInt32], connection: PostgreSQLStoreConnection) {
    self.sql = sql
    self.name = name
    self.types = types
    self.connection = connection
    parameters = PostgreSQLParameters(types: types)
  }

  deinit { clear() }

  private func clear() {
    PQclear(row)
    row = nil
    for result in ahead[nextAhead...] { PQclear(result) }
    ahead = []
    nextAhead = 0
  }

  // MARK: Running

  func step() throws -> Bool {
    if progress == .ready { try start() }
    PQclear(row)
    row = nil
    switch progress {
    case .ready, .done: return false
    case .arriving:
      do {
        row = try arrive()
      } catch {
        endArriving()
        throw connection.failure(error, sql: sql)
      }
    case .readAhead:
      if nextAhead < ahead.count {
        row = ahead[nextAhead]
        nextAhead += 1
      } else {
        progress = .done
        if let failure { throw connection.failure(failure, sql: sql) }
      }
    }
    return row != nil
  }

  func reset() {
    if progress == .arriving {
      do {
        while let result = try arrive() { PQclear(result) }
      } catch {
        // The transaction is of no use any more, and says so at its next statement.
        endArriving()
      }
    }
    clear()
    failure = nil
    progress = .ready
    parameters.reset()
  }

  private func start() throws {
    try connection.makeWay(sql: sql)
    changes = 0
    do {
      try parameters.withEncoded(sql: sql) { values in
        try connection.session.startPrepared(name, values)
      }
    } catch {
      throw connection.failure(error, sql: sql)
    }
    progress = .arriving
    connection.arriving = self
  }

  /// The next row from the server, to be cleared by the caller; nil at the end.
  private func arrive() throws -> OpaquePointer? {
    // Rows that have arrived already come without a wait, which would see the signal.
    if connection.session.signal.isRaised { throw CancellationError() }
    while let result = try connection.session.nextResult() {
      switch PQresultStatus(result) {
      case PGRES_SINGLE_TUPLE: return result
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
        changes = Self.changes(result)
        PQclear(result)
      default:
        defer { PQclear(result) }
        throw PostgreSQLError.result(result)
      }
    }
    connection.session.endStream()
    connection.arriving = nil
    progress = .done
    return nil
  }

  /// After an error there is only the end of the answer left.
  private func endArriving() {
    progress = .done
    connection.arriving = nil
    // Fails where the connection is gone, which is seen there.
    while !connection.session.signal.isRaised, let rest = try? connection.session.nextResult() {
      PQclear(rest)
    }
    connection.session.endStream()
  }

  /// Reads the rest into memory, so that another statement can run between two rows.
  func readAhead() {
    guard progress == .arriving else { return }
    var bytes = 0
    do {
      while let result = try arrive() {
        bytes += PQresultMemorySize(result)
        ahead.append(result)
        guard bytes <= Self.readAheadBytes else {
          throw SQLError(
            .other,
            "more than \(Self.readAheadBytes >> 20) MiB of rows are left while another statement "
              + "runs: ask for fewer rows at a time",
            nativeCode: "54000",
            sql: sql
          )
        }
      }
    } catch {
      failure = error
      endArriving()
    }
    progress = .readAhead
  }

  /// PQcmdTuples counts the rows of a SELECT too, which are no changes.
  private static func changes(_ result: OpaquePointer) -> Int {
    guard let tag = PQcmdStatus(result).map({ String(cString: $0) }),
      ["INSERT ", "UPDATE ", "DELETE ", "MERGE "].contains(where: { tag.hasPrefix($0) })
    else { return 0 }
    return PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
  }

  // MARK: Binding

  func bind(_ value: Int64, at parameter: Int) { parameters.bind(value, at: parameter) }
  func bind(_ value: Double, at parameter: Int) { parameters.bind(value, at: parameter) }
  func bind(text: String, at parameter: Int) { parameters.bind(text: text, at: parameter) }
  func bind(text: UnsafeRawBufferPointer, at parameter: Int) {
    parameters.bind(text: text, at: parameter)
  }
  func bind(blob: UnsafeRawBufferPointer, at parameter: Int) {
    parameters.bind(blob: blob, at: parameter)
  }
  func bindNull(at parameter: Int) { parameters.bindNull(at: parameter) }
  func bind(_ values: [SQLValue]) { parameters.bind(values) }

  // MARK: The row at hand

  func isNull(_ column: Int) -> Bool { bytes(column) == nil }
  func int64(_ column: Int) -> Int64 { value(column).integer }
  func double(_ column: Int) -> Double { value(column).real }
  func string(_ column: Int) -> String {
    withBytes(column) { String(decoding: $0, as: UTF8.self) }
  }
  func blob(_ column: Int) -> [UInt8] { withBytes(column) { [UInt8]($0) } }
  func withBytes<T>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try value(column).withBytes(body)
  }

  private func value(_ column: Int) -> PostgreSQLValue {
    guard let bytes = bytes(column) else { return .null }
    return PostgreSQLValue(bytes, PostgreSQLType(PQftype(row, Int32(clamping: column))))
  }

  /// Nil for NULL, and for a column that the row does not have.
  private func bytes(_ column: Int) -> UnsafeRawBufferPointer? {
    let index = Int32(clamping: column)
    guard let row, index >= 0, index < PQnfields(row), PQgetisnull(row, 0, index) == 0,
      let value = PQgetvalue(row, 0, index)
    else { return nil }
    return UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(row, 0, index)))
  }
}
