import SQLDatabase
import SyncModel

/// What a storage error means to the caller of the store. Except for `storage_outcome_unknown`,
/// nothing of the call was applied.
enum StorageFailure {
  static func failure(_ error: any Error) -> any Error {
    switch error {
    case let error as SQLError: failure(error)
    case let error as DamagedValue:
      Failure(
        "storage_corrupt",
        "The profile store holds a value that it cannot read (\(error.what)); restore it from a "
          + "backup",
        recovery: .needsOperator
      )
    default: error
    }
  }

  private static func failure(_ error: SQLError) -> Failure {
    switch error.kind {
    case .diskFull:
      Failure(
        "disk_full",
        "The profile store's disk is full: free some space; nothing was applied",
        recovery: .retry,
        cause: error.description
      )
    case .corrupt:
      Failure(
        "storage_corrupt",
        "The profile store's file is damaged; restore it from a backup",
        recovery: .needsOperator,
        cause: error.description
      )
    case .cannotOpen:
      Failure(
        "storage_unavailable",
        "The profile store's file cannot be opened; check its directory and permissions",
        recovery: .retry,
        cause: error.description
      )
    case .busy:
      Failure(
        "storage_busy",
        "Another process holds the profile store; try again",
        recovery: .retry,
        cause: error.description
      )
    case .outcomeUnknown:
      // A repeated batch answers with its receipt if it was applied.
      Failure(
        "storage_outcome_unknown",
        "The connection to the profile store was lost during a commit; try again",
        recovery: .retry,
        cause: error.description
      )
    case .constraint, .other:
      Failure(
        "storage_failed",
        "The profile store could not read or write; see the writer's log",
        recovery: .retry,
        cause: error.description
      )
    }
  }
}
