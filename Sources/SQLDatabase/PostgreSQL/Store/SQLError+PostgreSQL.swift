extension SQLError {
  /// The kind and the words of a server's or libpq's error (PostgreSQL manual, appendix A).
  static func postgreSQL(_ error: PostgreSQLError, sql: String? = nil) -> SQLError {
    let state = error.sqlState ?? ""
    return SQLError(
      kind(error),
      // Class 22 texts quote the value: `invalid input syntax for type bigint: "…"`.
      state.hasPrefix("22") ? dataMessage(state) : error.message,
      nativeCode: error.sqlState ?? "connection",
      sql: sql
    )
  }

  /// For a connection that broke earlier in the transaction.
  static func lost(sql: String?) -> SQLError {
    SQLError(
      .cannotOpen,
      "the connection to the database was lost; the transaction was rolled back",
      nativeCode: "connection",
      sql: sql
    )
  }

  /// For a commit whose answer did not come.
  static func unknownOutcome(_ error: PostgreSQLError) -> SQLError {
    SQLError(
      .outcomeUnknown,
      "the connection was lost while the transaction committed, so nobody knows whether it did: "
        + "look before doing it again (\(error.message))",
      nativeCode: error.sqlState ?? "connection",
      sql: "COMMIT"
    )
  }

  private static func kind(_ error: PostgreSQLError) -> Kind {
    guard let state = error.sqlState else { return error.kind == .misuse ? .other : .cannotOpen }
    switch state {
    case "53100": return .diskFull
    case "XX001", "XX002": return .corrupt
    // Not available at once, the two ends of a conflict, starting up, too many connections.
    case "55P03", "40001", "40P01", "57P03", "53300": return .busy
    case "40003", "08007": return .outcomeUnknown
    // No such database; a write to a standby, or in `read`.
    case "3D000", "25006": return .cannotOpen
    default: break
    }
    switch state.prefix(2) {
    case "23": return .constraint
    case "08", "28": return .cannotOpen
    default: return error.kind == .server || error.kind == .misuse ? .other : .cannotOpen
    }
  }

  private static func dataMessage(_ state: String) -> String {
    switch state {
    case "22001": "a text is longer than its column takes"
    case "22003": "a number is out of its column's range"
    case "22021": "a text is not valid UTF-8, or holds a NUL byte"
    case "22P02", "22P03": "a value is not of its column's type"
    default: "a value was refused by the database"
    }
  }
}
