import CSQLite

/// A prepared statement. Confined to its connection's thread.
public final class SQLiteStatement: SQLStatement {
  let sql: String
  private var handle: OpaquePointer?
  private unowned let connection: SQLiteConnection
  /// Set while `execute` or `query` steps it, so that a nested use of the same text gets another.
  var isInUse = false
  /// For choosing what the cache lets go of.
  var lastUse: UInt64 = 0
  /// `bind` does not throw; the next `step` does.
  private var bindFailure: SQLError?
  /// Parameters (bit n-1) whose bytes SQLite reads in place, and those whose bytes went with the
  /// last reset.
  private var lent: UInt64 = 0
  private var stale: UInt64 = 0

  init(_ sql: String, connection: SQLiteConnection) throws {
    self.sql = sql
    self.connection = connection
    var text = sql
    let (code, hasTail): (Int32, Bool) = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        var tail: UnsafePointer<CChar>?
        let code = sqlite3_prepare_v3(
          connection.handle,
          characters.baseAddress,
          Int32(clamping: characters.count),
          UInt32(SQLITE_PREPARE_PERSISTENT),
          &handle,
          &tail
        )
        guard let tail, let start = characters.baseAddress else { return (code, false) }
        let rest = characters.dropFirst(tail - start)
        return (code, rest.contains { !SQLText.isBlank(UInt8(bitPattern: $0)) })
      }
    }
    guard code == SQLITE_OK else {
      throw connection.failure(code, sql: sql)
    }
    guard handle != nil, !hasTail else {
      let isEmpty = handle == nil
      finalize()
      throw SQLError(
        .other,
        isEmpty ? "there is no statement" : "there is more than one statement",
        nativeCode: "misuse",
        sql: sql
      )
    }
  }

  deinit { finalize() }

  func finalize() {
    if let handle { sqlite3_finalize(handle) }
    handle = nil
  }

  var isReadOnly: Bool { handle.map { sqlite3_stmt_readonly($0) != 0 } ?? true }

  // MARK: The result's columns

  public var columnCount: Int { handle.map { Int(sqlite3_column_count($0)) } ?? 0 }

  public func columnName(_ column: Int) -> String {
    guard let name = handle.flatMap({ sqlite3_column_name($0, Int32(clamping: column)) })
    else { return "" }
    return String(cString: name)
  }

  /// The type in the table's definition; nil for an expression.
  public func declaredType(_ column: Int) -> String? {
    handle.flatMap { sqlite3_column_decltype($0, Int32(clamping: column)) }
      .map { String(cString: $0) }
  }

  // MARK: Running

  public func step() throws -> Bool {
    guard let handle else { throw SQLError.closed }
    try connection.checkTransaction(sql: sql)
    if let bindFailure { throw bindFailure }
    guard stale == 0 else {
      let parameter = stale.trailingZeroBitCount + 1
      throw SQLError(
        .other,
        "parameter \(parameter) lent bytes that went with the last reset: bind it again",
        nativeCode: "misuse",
        sql: sql
      )
    }
    let code = sqlite3_step(handle)
    switch code {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default:
      let failure = connection.stepFailure(code, sql: sql)
      reset()
      throw failure
    }
  }

  public func reset() {
    guard let handle else { return }
    // Its code repeats the last step's error, which was thrown.
    sqlite3_reset(handle)
    bindFailure = nil
    stale |= lent
    lent = 0
  }

  // MARK: Binding

  public func bind(_ value: Int64, at parameter: Int) {
    bound(parameter, sqlite3_bind_int64(handle, Int32(clamping: parameter), value))
  }

  public func bind(_ value: Double, at parameter: Int) {
    bound(parameter, sqlite3_bind_double(handle, Int32(clamping: parameter), value))
  }

  /// SQLite copies the text.
  public func bind(text: String, at parameter: Int) {
    var text = text
    text.withUTF8 { bytes in
      bound(
        parameter,
        bytes.withMemoryRebound(to: CChar.self) { characters in
          sqlite3_bind_text64(
            handle,
            Int32(clamping: parameter),
            characters.baseAddress ?? emptyText,
            UInt64(characters.count),
            transient,
            UInt8(SQLITE_UTF8)
          )
        }
      )
    }
  }

  /// SQLite reads the bytes in place: they must stay valid until `reset`, after which `step`
  /// refuses to run until the parameter is bound again.
  public func bind(text: UnsafeRawBufferPointer, at parameter: Int) {
    let start = text.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) } ?? emptyText
    let code = sqlite3_bind_text64(
      handle,
      Int32(clamping: parameter),
      start,
      UInt64(text.count),
      lifetime(parameter),
      UInt8(SQLITE_UTF8)
    )
    bound(parameter, code, lends: true)
  }

  /// As `bind(text:)` with bytes.
  public func bind(blob: UnsafeRawBufferPointer, at parameter: Int) {
    let code = sqlite3_bind_blob64(
      handle,
      Int32(clamping: parameter),
      blob.baseAddress ?? UnsafeRawPointer(emptyText),
      UInt64(blob.count),
      lifetime(parameter)
    )
    bound(parameter, code, lends: true)
  }

  public func bindNull(at parameter: Int) {
    bound(parameter, sqlite3_bind_null(handle, Int32(clamping: parameter)))
  }

  func bind(_ values: [SQLValue]) {
    for (index, value) in values.enumerated() {
      let parameter = index + 1
      switch value {
      case .null: bindNull(at: parameter)
      case .integer(let value): bind(value, at: parameter)
      case .real(let value): bind(value, at: parameter)
      case .text(let value): bind(text: value, at: parameter)
      case .blob(let value):
        let code = value.withUnsafeBytes { bytes in
          sqlite3_bind_blob64(
            handle,
            Int32(clamping: parameter),
            bytes.baseAddress ?? UnsafeRawPointer(emptyText),
            UInt64(bytes.count),
            transient
          )
        }
        bound(parameter, code)
      }
    }
  }

  private func bound(_ parameter: Int, _ code: Int32, lends: Bool = false) {
    if code != SQLITE_OK, bindFailure == nil { bindFailure = connection.failure(code, sql: sql) }
    guard (1...Self.tracked).contains(parameter) else { return }
    let bit: UInt64 = 1 << UInt64(parameter - 1)
    stale &= ~bit
    if lends { lent |= bit } else { lent &= ~bit }
  }

  /// Bytes are lent for the parameters that are tracked, and copied for those beyond.
  private func lifetime(_ parameter: Int) -> sqlite3_destructor_type? {
    (1...Self.tracked).contains(parameter) ? nil : transient
  }

  private static let tracked = 64

  // MARK: The row at hand

  public func isNull(_ column: Int) -> Bool {
    sqlite3_column_type(handle, Int32(clamping: column)) == SQLITE_NULL
  }

  public func int64(_ column: Int) -> Int64 {
    sqlite3_column_int64(handle, Int32(clamping: column))
  }

  public func double(_ column: Int) -> Double {
    sqlite3_column_double(handle, Int32(clamping: column))
  }

  public func string(_ column: Int) -> String {
    withBytes(column) { String(decoding: $0, as: UTF8.self) }
  }

  public func blob(_ column: Int) -> [UInt8] { withBytes(column) { [UInt8]($0) } }

  public func withBytes<T>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows
    -> T
  {
    try body(bytes(column) ?? UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// The column's bytes, text in UTF-8; nil for NULL. Valid until the next `step` or `reset`.
  public func bytes(_ column: Int) -> UnsafeRawBufferPointer? {
    let index = Int32(clamping: column)
    let type = sqlite3_column_type(handle, index)
    guard type != SQLITE_NULL else { return nil }
    // As text, so that a UTF-16 database gives UTF-8 too; the length is only valid after that call
    // (https://sqlite.org/c3ref/column_blob.html).
    let start =
      type == SQLITE_BLOB
      ? sqlite3_column_blob(handle, index)
      : sqlite3_column_text(handle, index).map { UnsafeRawPointer($0) }
    let count = Int(sqlite3_column_bytes(handle, index))
    return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
  }
}

/// `SQLITE_TRANSIENT`, a cast that Swift does not import: SQLite makes its own copy.
/// Safety: SQLite compares the value and never calls it.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// SQLite binds NULL where the pointer is nil; an empty value needs an address.
/// Safety: one byte that lives as long as the process and is never written again.
nonisolated(unsafe) private let emptyText: UnsafePointer<CChar> = {
  let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
  byte.initialize(to: 0)
  return UnsafePointer(byte)
}()
