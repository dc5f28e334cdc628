import CSQLite

/// A deterministic SQL function written in Swift, for a read-only connection's own statements.
public struct SQLiteFunction: Sendable {
  let name: String
  let argumentCount: Int
  let body: @Sendable (SQLiteArguments) throws -> Int64?

  /// - Parameters:
  ///   - name: as SQL calls it.
  ///   - argumentCount: how many arguments it takes.
  ///   - body: nil is NULL. What it throws ends the statement and is thrown by its `step`.
  public init(
    _ name: String,
    argumentCount: Int,
    _ body: @escaping @Sendable (SQLiteArguments) throws -> Int64?
  ) {
    self.name = name
    self.argumentCount = argumentCount
    self.body = body
  }
}

/// A function's arguments, valid inside its body only.
public struct SQLiteArguments {
  /// How a value is stored (https://sqlite.org/datatype3.html).
  public enum Storage: Sendable {
    case null, integer, real, text, blob
  }
  let values: UnsafeMutablePointer<OpaquePointer?>?
  public let count: Int

  public func storage(_ index: Int) -> Storage {
    switch sqlite3_value_type(value(index)) {
    case SQLITE_INTEGER: .integer
    case SQLITE_FLOAT: .real
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .null
    }
  }

  public func int64(_ index: Int) -> Int64 { sqlite3_value_int64(value(index)) }

  public func double(_ index: Int) -> Double { sqlite3_value_double(value(index)) }

  /// The text's bytes, in UTF-8.
  public func text(_ index: Int) -> UnsafeRawBufferPointer {
    guard let start = sqlite3_value_text(value(index)) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value(index))))
  }

  /// nil for an index there is none of; SQLite's calls take it as NULL only through the guard here.
  private func value(_ index: Int) -> OpaquePointer? {
    precondition(index >= 0 && index < count, "a function asked for an argument it does not have")
    return values?[index]
  }
}

extension SQLiteConnection {
  func register(_ function: SQLiteFunction) throws {
    let box = Unmanaged.passRetained(FunctionBox(function, connection: self))
    // SQLite calls the last argument with the box when it lets go of it, and when this call fails.
    let code = sqlite3_create_function_v2(
      handle,
      function.name,
      Int32(clamping: function.argumentCount),
      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
      box.toOpaque(),
      callFunction,
      nil,
      nil,
      { box in
        if let box { Unmanaged<FunctionBox>.fromOpaque(box).release() }
      }
    )
    guard code == SQLITE_OK else { throw failure(code, sql: function.name) }
  }
}

private final class FunctionBox {
  let function: SQLiteFunction
  unowned let connection: SQLiteConnection

  init(_ function: SQLiteFunction, connection: SQLiteConnection) {
    self.function = function
    self.connection = connection
  }
}

/// Never throws across C: the error waits in the connection for `step`.
private func callFunction(
  context: OpaquePointer?,
  count: Int32,
  values: UnsafeMutablePointer<OpaquePointer?>?
) {
  guard let data = sqlite3_user_data(context) else { return sqlite3_result_null(context) }
  let box = Unmanaged<FunctionBox>.fromOpaque(data).takeUnretainedValue()
  do {
    let result = try box.function.body(SQLiteArguments(values: values, count: Int(count)))
    if let result {
      sqlite3_result_int64(context, result)
    } else {
      sqlite3_result_null(context)
    }
  } catch {
    box.connection.functionFailure = error
    sqlite3_result_error(context, "the function failed", -1)
  }
}
