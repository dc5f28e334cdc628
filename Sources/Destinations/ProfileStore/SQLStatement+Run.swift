import SQLDatabase

extension SQLStatement {
  /// Runs to the end and makes it ready for the next use, whatever happens.
  func run() throws {
    defer { reset() }
    while try step() {}
  }

  /// Lends the first row, if there is one.
  func firstRow<T>(_ body: (any SQLRow) throws -> T) throws -> T? {
    defer { reset() }
    return try step() ? body(self) : nil
  }

  func bind(_ value: Int64?, at parameter: Int) {
    if let value { bind(value, at: parameter) } else { bindNull(at: parameter) }
  }
}

extension SQLValue {
  /// Names of workspaces and syncs compare by their bytes (design, decision 13).
  static func name(_ text: String) -> SQLValue { .blob(Array(text.utf8)) }
}
