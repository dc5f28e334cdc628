import CSQLite
import Glibc

/// One SQLite connection with its statements. Confined to one thread at a time, so SQLite's own
/// mutexes are off (https://sqlite.org/threadsafe.html, multi-thread mode).
public final class SQLiteConnection: SQLConnection {
  enum Access {
    /// Made where it does not exist, readable by its owner only.
    case readWrite
    /// Never made, never written.
    case readOnly
  }

  let handle: OpaquePointer
  private var statements: [SQLText: SQLiteStatement] = [:]
  private var useCounter: UInt64 = 0
  private var isOpen = true
  /// Set inside a transaction: SQLite rolls back by itself on a full disk, an I/O error and the
  /// like, and what follows would be committed statement by statement.
  var isInTransaction = false
  /// What a function written in Swift threw while a statement ran.
  var functionFailure: (any Error)?

  static let statementLimit = 256

  init(path: String, access: Access, busyTimeoutMilliseconds: Int32) throws {
    let file = try SQLiteFile.checked(path)
    if access == .readWrite { try SQLiteFile.create(file) }
    var opened: OpaquePointer?
    let flags =
      SQLITE_OPEN_NOMUTEX
      | (access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE)
    let code = sqlite3_open_v2(file, &opened, flags, nil)
    guard code == SQLITE_OK, let opened else {
      let failure = SQLError.sqlite(opened, code: code)
      sqlite3_close_v2(opened)
      throw failure
    }
    handle = opened
    sqlite3_extended_result_codes(opened, 1)
    sqlite3_busy_timeout(opened, busyTimeoutMilliseconds)
  }

  deinit { close() }

  /// Finalizes the statements and closes. Safe to call twice.
  func close() {
    guard isOpen else { return }
    isOpen = false
    for statement in statements.values { statement.finalize() }
    statements = [:]
    // _v2: a statement that somebody kept against the contract delays this instead of dangling.
    sqlite3_close_v2(handle)
  }

  // MARK: SQLConnection

  @discardableResult
  public func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
    let before = sqlite3_total_changes64(handle)
    try run(sql, values) { _ in }
    // The last change's count stays where a statement changes no row.
    guard sqlite3_total_changes64(handle) != before else { return 0 }
    return Int(sqlite3_changes64(handle))
  }

  public func query(_ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws -> Void) throws
  {
    try run(sql, values) { try row($0) }
  }

  public func prepare(_ sql: String) throws -> any SQLStatement { try statement(sql) }

  // MARK: Statements

  /// As `prepare`, as the concrete type: with the names of its columns.
  public func statement(_ sql: String) throws -> SQLiteStatement {
    guard isOpen else { throw SQLError.closed }
    useCounter += 1
    let key = SQLText(sql)
    if let known = statements[key] {
      guard !known.isInUse else { return try SQLiteStatement(sql, connection: self) }
      known.lastUse = useCounter
      known.reset()
      return known
    }
    let statement = try SQLiteStatement(sql, connection: self)
    statement.lastUse = useCounter
    if statements.count >= Self.statementLimit { forgetOldest() }
    statements[key] = statement
    return statement
  }

  /// Runs statements without values: pragmas and schema scripts.
  func script(_ sql: String) throws {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw failure(code, sql: sql) }
  }

  /// The error to throw for a call's result code.
  func failure(_ code: Int32, sql: String) -> SQLError { .sqlite(handle, code: code, sql: sql) }

  /// The error of a step: what a function threw, or SQLite's own.
  func stepFailure(_ code: Int32, sql: String) -> any Error {
    defer { functionFailure = nil }
    return functionFailure ?? failure(code, sql: sql)
  }

  /// Resets what a body left half read: an open SELECT would keep its snapshot.
  func resetStatements() {
    for statement in statements.values { statement.reset() }
    functionFailure = nil
  }

  func checkTransaction(sql: String) throws {
    guard isInTransaction, sqlite3_get_autocommit(handle) != 0 else { return }
    throw SQLError(
      .other,
      "the transaction was rolled back by an earlier error",
      nativeCode: "rolled back",
      sql: sql
    )
  }

  private func run(
    _ sql: String,
    _ values: [SQLValue],
    _ row: (SQLiteStatement) throws -> Void
  ) throws {
    let statement = try statement(sql)
    statement.isInUse = true
    defer {
      statement.reset()
      statement.isInUse = false
    }
    statement.bind(values)
    while try statement.step() { try row(statement) }
  }

  private func forgetOldest() {
    let idle = statements.filter { !$0.value.isInUse }
    guard let oldest = idle.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
    statements[oldest.key] = nil
  }
}
