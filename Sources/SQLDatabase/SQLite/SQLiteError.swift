import CSQLite
import Glibc

extension SQLError {
  static let closed = SQLError(.cannotOpen, "the database is closed", nativeCode: "closed")

  /// What SQLite last said on a connection. Result codes: https://sqlite.org/rescode.html
  static func sqlite(_ handle: OpaquePointer?, code: Int32, sql: String? = nil) -> SQLError {
    let extended = handle.map { sqlite3_extended_errcode($0) } ?? code
    // The connection's code may be of a later call; the call's own code decides then.
    let native = extended & 0xff == code & 0xff ? extended : code
    let text = handle.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
    let systemError = handle.map { sqlite3_system_errno($0) } ?? 0
    return SQLError(
      kind(code: native, systemError: systemError),
      text.map { String(cString: $0) } ?? "SQLite error",
      nativeCode: "SQLite \(native)",
      sql: sql
    )
  }

  /// True when the database was closed before the call.
  public var isClosed: Bool { nativeCode == "closed" }

  /// True when `sqlite3_interrupt` ended the statement.
  public var isInterrupted: Bool { nativeCode == "SQLite \(SQLITE_INTERRUPT)" }

  private static func kind(code: Int32, systemError: Int32) -> Kind {
    switch code & 0xff {
    case SQLITE_CONSTRAINT: .constraint
    case SQLITE_FULL: .diskFull
    // A quota or a full file system under the WAL shows as an I/O error.
    case SQLITE_IOERR: systemError == ENOSPC || systemError == EDQUOT ? .diskFull : .other
    case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
    case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY: .cannotOpen
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    default: .other
    }
  }
}
