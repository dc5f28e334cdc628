/// One session with its prepared statements, inside a transaction. Confined to its lane's thread.
final class PostgreSQLStoreConnection: SQLConnection {
  let session: PostgreSQLSession
  private var statements: [SQLText: PostgreSQLStatement] = [:]
  private var useCounter: UInt64 = 0
  private var nameCounter = 0
  /// Names that the server still knows and the cache does not.
  private var forgotten: [String] = []
  /// Whose rows the server is sending.
  var arriving: PostgreSQLStatement?
  /// Set by errors after which the session is worth nothing.
  private(set) var isBroken = false

  static let statementLimit = 256

  init(_ session: PostgreSQLSession) { self.session = session }

  /// Whether the next transaction may use it.
  var isUsable: Bool { !isBroken && session.isUsable }

  // MARK: SQLConnection

  @discardableResult
  func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
    let statement = try run(sql, values) { _ in }
    return statement.changes
  }

  func query(_ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws -> Void) throws {
    _ = try run(sql, values) { try row($0) }
  }

  func prepare(_ sql: String) throws -> any SQLStatement { try statement(sql) }

  private func run(
    _ sql: String,
    _ values: [SQLValue],
    _ row: (PostgreSQLStatement) throws -> Void
  ) throws -> PostgreSQLStatement {
    let statement = try statement(sql)
    statement.isInUse = true
    defer {
      statement.reset()
      statement.isInUse = false
    }
    statement.bind(values)
    while try statement.step() { try row(statement) }
    return statement
  }

  // MARK: Transactions

  func begin(_ purpose: PostgreSQLLane.Purpose) throws {
    do {
      try tidy()
      switch purpose {
      case .read: try session.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      case .write: try PostgreSQLSchema.beginLocked(session)
      }
    } catch {
      throw failure(error, sql: "BEGIN")
    }
  }

  func commit(_ purpose: PostgreSQLLane.Purpose) throws {
    guard purpose == .write else {
      // What was read was read.
      do { try session.script("COMMIT") } catch { isBroken = true }
      return
    }
    // A connection that is known to be lost before COMMIT leaves: nothing was committed.
    session.takeNews()
    try makeWay(sql: "COMMIT")
    do {
      // Of a transaction with a failed statement the server answers ROLLBACK.
      guard try session.command("COMMIT") == "COMMIT" else { throw Self.rolledBack(sql: "COMMIT") }
    } catch let error as PostgreSQLError {
      let failure = failure(error, sql: "COMMIT")
      // 57P01 too: the server may be stopped after the commit and before its answer.
      let isUnknown =
        error.kind == .connectionLost || (failure as? SQLError)?.kind == .outcomeUnknown
      guard isUnknown else { throw failure }
      isBroken = true
      throw SQLError.unknownOutcome(error)
    }
  }

  private static func rolledBack(sql: String) -> SQLError {
    SQLError(
      .other,
      "the transaction was rolled back by an earlier error",
      nativeCode: "rolled back",
      sql: sql
    )
  }

  // MARK: Statements

  private func statement(_ sql: String) throws -> PostgreSQLStatement {
    useCounter += 1
    let key = SQLText(sql)
    if let known = statements[key] {
      known.lastUse = useCounter
      if known.isInUse {
        return PostgreSQLStatement(sql, name: known.name, types: known.types, connection: self)
      }
      known.reset()
      return known
    }
    let text = try PostgreSQLText.statement(sql)
    try makeWay(sql: sql)
    nameCounter += 1
    let name = "s\(nameCounter)"
    let types: [UInt32]
    do {
      types = try session.prepare(text, as: name)
    } catch {
      throw failure(error, sql: sql)
    }
    let statement = PostgreSQLStatement(sql, name: name, types: types, connection: self)
    statement.lastUse = useCounter
    if statements.count >= Self.statementLimit { forgetOldest() }
    statements[key] = statement
    return statement
  }

  private func forgetOldest() {
    let idle = statements.filter { !$0.value.isInUse && $0.value !== arriving }
    guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
    statements[oldest.key] = nil
    // A nested use of the same text may still run under the name: the server forgets it later.
    forgotten.append(oldest.value.name)
  }

  /// Has the server forget what the cache did. Between transactions.
  private func tidy() throws {
    guard !forgotten.isEmpty else { return }
    try session.script(forgotten.map { "DEALLOCATE \($0)" }.joined(separator: ";"))
    forgotten = []
  }

  /// Makes the session free for another statement.
  /// - Throws: `SQLError` in a transaction that has ended, or can only be ended.
  func makeWay(sql: String) throws {
    arriving?.readAhead()
    if session.signal.isRaised { throw CancellationError() }
    switch session.transaction {
    case .open: return
    case .none, .failed: throw Self.rolledBack(sql: sql)
    case .lost: throw SQLError.lost(sql: sql)
    }
  }

  /// Lets go of what a body left half read.
  func resetStatements() {
    arriving?.reset()
    for statement in statements.values { statement.reset() }
  }

  /// The error to throw for what the session threw.
  func failure(_ error: any Error, sql: String?) -> any Error {
    guard let error = error as? PostgreSQLError else { return error }
    // 0A000: a cached plan's result changed its type, after another release's migration. 25006: the
    // server takes no writes any more. 26000: it forgot our statements. Another session helps.
    if error.kind == .connectionLost || ["0A000", "25006", "26000"].contains(error.sqlState) {
      isBroken = true
    }
    return SQLError.postgreSQL(error, sql: sql)
  }
}
