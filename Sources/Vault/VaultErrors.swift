import Crypto
import RPC
import SQLDatabase
import SyncModel

extension RPCError {
  static func invalid(_ message: String, reason: String) -> RPCError {
    RPCError(.invalidArgument, message, reason: reason)
  }

  static func noCredential(_ workspace: String, _ name: String) -> RPCError {
    RPCError(
      .notFound,
      "there is no credential \"\(name)\" in workspace \"\(workspace)\"",
      reason: "credential_not_found"
    )
  }

  static var sealed: RPCError {
    RPCError(
      .failedPrecondition,
      "the vault is sealed; unseal it with: sluice vault unseal",
      reason: "vault_sealed"
    )
  }

  /// A row that does not authenticate: changed by somebody, or by the disk.
  static func damaged(
    _ workspace: String,
    _ name: String,
    cause: (any Error)? = nil
  ) -> RPCError {
    RPCError(
      .dataLoss,
      "credential \"\(name)\" in workspace \"\(workspace)\" was changed in the database behind the "
        + "vault's back; restore the vault's database, or put the credential again under another "
        + "name",
      reason: "damaged_store",
      cause: cause
    )
  }

  /// What a caller is told of an error of the database or of the cryptography; the rest of it is
  /// for the log.
  init(vault error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as SQLError where error.kind == .busy:
      self.init(.unavailable, "the vault's database is busy", reason: "store_busy", cause: error)
    case let error as SQLError where error.kind == .cannotOpen:
      self.init(
        .unavailable,
        "the vault cannot reach its database",
        reason: "store_unreachable",
        cause: error
      )
    case let error as SQLError where error.kind == .outcomeUnknown:
      self.init(
        .unknown,
        "the vault lost its database while it committed: look whether it was done, and call again",
        reason: "store_outcome_unknown",
        cause: error
      )
    case let error as SQLError where error.kind == .diskFull:
      self.init(
        .resourceExhausted,
        "the vault's disk is full: make room, then call again",
        reason: "store_full",
        cause: error
      )
    case let error as SQLError where error.kind == .corrupt:
      self.init(
        .dataLoss,
        "the vault's database is damaged; restore it from a backup",
        reason: "damaged_store",
        cause: error
      )
    case is Manifest.Refusal:
      self.init(
        .dataLoss,
        "rows of the vault's database were changed, removed or put back behind the vault's back; "
          + "see which with: sluice vault verify, and restore a backup",
        reason: "damaged_store",
        cause: error
      )
    case let error as Failure:
      self.init(
        error.code == "damaged_store" ? .dataLoss : .failedPrecondition,
        error.message,
        reason: error.code
      )
    case is CancellationError:
      self.init(.cancelled, "the call was cancelled before the vault had done anything")
    default:
      self.init(
        .internalError,
        "the vault could not do this; its log says why",
        reason: "vault_failed",
        cause: error
      )
    }
  }
}
