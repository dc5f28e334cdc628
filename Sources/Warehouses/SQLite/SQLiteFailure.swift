import SQLDatabase
import SyncModel

/// What SQLite answers, as failures for people.
enum SQLiteFailure {
  /// Of a statement over `source` (`table "users"`, or `the query`). `CancellationError` and
  /// failures pass through.
  static func failure(_ error: any Error, source: String) -> any Error {
    guard let error = error as? SQLError else { return error }
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(code, message, recovery: recovery, cause: error.description)
    }
    if error.isClosed {
      return failure(
        "connection_closed",
        "the file was closed while \(source) was in use",
        .failRun
      )
    }
    switch error.kind {
    case .corrupt:
      return failure(
        "not_a_database",
        "\(source) is no SQLite database, or is damaged: \(error.message)",
        .needsOperator
      )
    case .busy:
      return failure("source_locked", "\(source) is locked by another process", .retry)
    case .cannotOpen:
      return failure(
        "permission_denied",
        "\(source) cannot be opened: \(error.message); a database in WAL mode needs a directory "
          + "that this process may write to, or an open writer",
        .needsOperator
      )
    case .diskFull:
      return failure(
        "disk_full",
        "there is no room for sorting the rows of \(source): \(error.message)",
        .retry
      )
    case .constraint, .outcomeUnknown, .other:
      return failure("query_failed", "\(source) cannot be read: \(error.message)", .needsOperator)
    }
  }
}
