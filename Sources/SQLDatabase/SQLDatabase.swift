/// A database that keeps a service's state, over SQLite or over PostgreSQL's wire.
///
/// Bodies run synchronously on a thread of the database's own, never on Swift's cooperative pool,
/// because the C libraries block. A body gets the connection for itself.
public protocol SQLDatabase: Sendable {
  /// Runs `body` with a connection for reading: one consistent snapshot.
  func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws
    -> T

  /// Runs `body` in a write transaction: committed durably when it returns, rolled back when it
  /// throws. Transactions never overlap, nor with those of other processes on the same store.
  ///
  /// A statement that failed leaves nothing for the body to do but to throw: PostgreSQL takes no
  /// other one after it.
  func transaction<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T)
    async throws -> T

  /// Finishes what is under way and closes. Later calls throw.
  func close() async
}

/// A connection inside `read` or `transaction`. Not to be kept.
public protocol SQLConnection: AnyObject {
  /// Runs one statement; parameters are `?1`, `?2` … in the order of `values`.
  /// - Returns: how many rows it changed.
  @discardableResult
  func execute(_ sql: String, _ values: [SQLValue]) throws -> Int

  /// Runs one statement and lends each row.
  func query(_ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws -> Void) throws

  /// A prepared statement, kept by the connection and found again by its text: preparing the same
  /// text twice costs a look-up. For the hot paths.
  func prepare(_ sql: String) throws -> any SQLStatement
}

extension SQLConnection {
  @discardableResult
  public func execute(_ sql: String) throws -> Int { try execute(sql, []) }

  /// The rows as values made by `transform`.
  public func rows<T>(
    _ sql: String,
    _ values: [SQLValue] = [],
    _ transform: (any SQLRow) throws -> T
  )
    throws -> [T]
  {
    var result: [T] = []
    try query(sql, values) { result.append(try transform($0)) }
    return result
  }

  /// The first row, or nil.
  public func first<T>(
    _ sql: String,
    _ values: [SQLValue] = [],
    _ transform: (any SQLRow) throws -> T
  ) throws -> T? {
    var result: T?
    try query(sql, values) { if result == nil { result = try transform($0) } }
    return result
  }
}

/// The columns of the row at hand, by position from 0.
public protocol SQLRow: AnyObject {
  func isNull(_ column: Int) -> Bool
  /// 0 for NULL.
  func int64(_ column: Int) -> Int64
  /// 0 for NULL.
  func double(_ column: Int) -> Double
  /// "" for NULL; invalid UTF-8 is repaired: use `withBytes` where identity matters.
  func string(_ column: Int) -> String
  /// Empty for NULL.
  func blob(_ column: Int) -> [UInt8]
  /// The column's bytes (text or blob), valid inside `body` only; empty for NULL.
  func withBytes<T>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T
}

extension SQLRow {
  public func optionalInt64(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }
  public func optionalString(_ column: Int) -> String? { isNull(column) ? nil : string(column) }
}

/// A prepared statement. Bind (from 1), `step` until false, `reset`, and again.
/// Strings and numbers are copied and survive a reset. Bytes are lent: they must stay valid until
/// `reset`, after which `step` throws until the parameter is bound again.
public protocol SQLStatement: SQLRow {
  func bind(_ value: Int64, at parameter: Int)
  func bind(_ value: Double, at parameter: Int)
  func bind(text: String, at parameter: Int)
  func bind(text: UnsafeRawBufferPointer, at parameter: Int)
  func bind(blob: UnsafeRawBufferPointer, at parameter: Int)
  func bindNull(at parameter: Int)
  /// True when a row is at hand, false when the statement is done.
  func step() throws -> Bool
  func reset()
}

extension SQLStatement {
  public func bind(_ value: Int, at parameter: Int) { bind(Int64(value), at: parameter) }
}

/// A parameter's value.
public enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByNilLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(nilLiteral: ()) { self = .null }
  /// NULL for nil.
  public init(_ value: Int64?) { self = value.map(SQLValue.integer) ?? .null }
  /// NULL for nil.
  public init(_ value: String?) { self = value.map(SQLValue.text) ?? .null }
  /// 1 or 0.
  public init(_ value: Bool) { self = .integer(value ? 1 : 0) }
}

/// What a database library or server answered. The statement's values are never in it.
public struct SQLError: Error, Sendable {
  public enum Kind: Sendable, Equatable {
    /// A unique or other constraint was violated.
    case constraint
    /// No room left on the disk.
    case diskFull
    /// Not a database, or damaged.
    case corrupt
    /// Cannot be opened: missing directory, permissions.
    case cannotOpen
    /// Locked by another process for longer than the busy timeout; or a server without room for
    /// another connection, or still starting.
    case busy
    /// The connection was lost during a commit: it may have happened or not. Never tried again
    /// silently.
    case outcomeUnknown
    case other
  }
  public var kind: Kind
  /// The library's own words.
  public var message: String
  /// SQLite's extended result code, or the SQLSTATE.
  public var nativeCode: String
  /// The statement's text, without its values.
  public var sql: String?

  public init(_ kind: Kind, _ message: String, nativeCode: String, sql: String? = nil) {
    self.kind = kind
    self.message = message
    self.nativeCode = nativeCode
    self.sql = sql
  }
}

extension SQLError: CustomStringConvertible {
  public var description: String {
    "\(message) (\(nativeCode))" + (sql.map { " in: \($0)" } ?? "")
  }
}

/// The steps that bring a database to the schema that the code expects, each applied once.
public struct SQLMigrations: Sendable {
  /// In order; a step is never changed once released, only new ones are added.
  public var steps: [String]

  /// - Parameter steps: each a script of one or more statements separated by `;`, with SQLite's
  ///   types, which `PostgreSQLText` translates.
  public init(_ steps: [String]) { self.steps = steps }
}
