import CPostgreSQL

/// What the store needs of a session, beside what the warehouse's reader uses.
extension PostgreSQLSession {
  enum Transaction {
    case none
    case open
    /// A statement failed: the server takes nothing but the transaction's end.
    case failed
    case lost
  }

  /// Where the session's transaction is, as libpq was last told.
  var transaction: Transaction {
    switch PQtransactionStatus(handle) {
    case PQTRANS_IDLE: .none
    case PQTRANS_INTRANS, PQTRANS_ACTIVE: .open
    case PQTRANS_INERROR: .failed
    default: .lost
    }
  }

  var isUsable: Bool { PQstatus(handle) == CONNECTION_OK && !signal.isRaised && !isStreaming }

  /// Takes in what the server sent unasked, such as its last words before it closed.
  func takeNews() {
    // The first read brings the words, the second the end.
    for _ in 0..<2 { PQconsumeInput(handle) }
  }

  /// Runs one statement.
  /// - Returns: what the server says that it did, e.g. `COMMIT`.
  func command(_ sql: String) throws -> String {
    try begin(PQsendQuery(handle, sql))
    var tag = ""
    try finish { tag = PQcmdStatus($0).map { String(cString: $0) } ?? "" }
    return tag
  }

  /// Runs a script.
  /// - Returns: the rows of all its statements, as text: for few and small ones.
  func rows(_ script: String) throws -> [[String?]] {
    try begin(PQsendQuery(handle, script))
    var rows: [[String?]] = []
    try finish { rows += PostgreSQLResult($0).rows }
    return rows
  }

  /// Prepares a statement under a name, for as long as the session lives.
  /// - Returns: the types that the server found for its parameters.
  func prepare(_ sql: String, as name: String) throws -> [UInt32] {
    try begin(PQsendPrepare(handle, name, sql, 0, nil))
    try finish { _ in }
    var types: [UInt32] = []
    try begin(PQsendDescribePrepared(handle, name))
    try finish { result in
      types = (0..<PQnparams(result)).map { PQparamtype(result, $0) }
    }
    return types
  }

  /// Starts a prepared statement whose rows come one by one, in the binary format.
  func startPrepared(_ name: String, _ values: PostgreSQLEncoder.Encoded) throws {
    try begin(
      PQsendQueryPrepared(
        handle,
        name,
        Int32(clamping: values.pointers.count),
        values.pointers,
        values.lengths,
        values.formats,
        1
      )
    )
    try streamRows()
  }
}
