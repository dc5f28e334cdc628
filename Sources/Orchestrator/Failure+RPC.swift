import Logging
import RPC
import SQLDatabase
import SyncModel

/// What a caller is told of a failure.
func rpcError(_ failure: Failure) -> RPCError {
  let code: RPCCode =
    if failure.code.hasSuffix("_not_found") {
      .notFound
    } else {
      switch failure.recovery {
      case .needsOperator: .failedPrecondition
      case .failRun: .aborted
      case .retry, .reconnect: .unavailable
      case .skipRow: .invalidArgument
      }
    }
  return RPCError(code, failure.message, reason: failure.code)
}

/// What a run, or a test, makes of whatever was thrown in it.
///
/// A peer's status becomes a recovery here, once: what follows switches on the recovery alone.
func failure(_ error: any Error, of peer: String) -> Failure {
  switch error {
  case let failure as Failure: return failure
  case let error as RPCError:
    let recovery: Recovery =
      switch error.code {
      case .unavailable, .deadlineExceeded, .resourceExhausted, .cancelled: .retry
      // What the peer asks a person to change: a missing credential, a role, a setting.
      case .notFound, .permissionDenied, .unauthenticated, .invalidArgument, .unimplemented:
        .needsOperator
      case .failedPrecondition:
        Fencing.reasons.contains(error.reason ?? "") ? .failRun : .needsOperator
      default: .failRun
      }
    if recovery == .retry, error.reason == nil {
      return Failure(
        "\(peer)_unavailable",
        "the \(peer) does not answer: \(error.message)",
        recovery: recovery,
        cause: error.description
      )
    }
    return Failure(
      error.reason ?? "\(peer)_\(error.code.name.lowercased())",
      "the \(peer) says: \(error.message)",
      recovery: recovery,
      cause: error.description
    )
  default:
    return Failure(
      "internal",
      "something unexpected happened; the orchestrator's log says more, the next run continues at the writer's position",
      recovery: .failRun,
      cause: "\(error)"
    )
  }
}

/// The writer's refusals that say "somebody else has this sync", not "change a setting".
enum Fencing {
  static let staleEpoch = "stale_epoch"
  static let unexpectedBatch = "unexpected_batch"
  static let syncNotOpen = "sync_not_open"
  static let reasons: Set<String> = [staleEpoch, unexpectedBatch, syncNotOpen]
}

extension RPCError {
  /// The same call may succeed a moment later.
  ///
  /// To be asked only of calls that may be repeated, as all of a run's may: INTERNAL and UNKNOWN
  /// without a reason are what a connection that broke off in an answer looks like.
  var isTransient: Bool {
    switch code {
    case .unavailable, .cancelled, .deadlineExceeded, .resourceExhausted: true
    case .internalError, .unknown: reason == nil
    default: false
    }
  }
}

/// What a caller is told of whatever a handler threw.
func answer(_ error: any Error, path: String, logger: Logger) -> any Error {
  switch error {
  case is RPCError, is CancellationError: return error
  case let failure as Failure:
    if let cause = failure.cause {
      logger.info(
        "call failed",
        metadata: [
          "rpc.path": "\(path)", "error.code": "\(failure.code)", "error.cause": "\(cause)",
        ]
      )
    }
    return rpcError(failure)
  case let error as SQLError:
    logger.error("database failed", metadata: ["rpc.path": "\(path)", "error.cause": "\(error)"])
    switch error.kind {
    case .busy:
      return RPCError(
        .unavailable,
        "the orchestrator's database is busy; try again",
        reason: "database_busy"
      )
    case .diskFull:
      return RPCError(
        .resourceExhausted,
        "the orchestrator's disk is full; make room and try again",
        reason: "disk_full"
      )
    default:
      return RPCError(
        .internalError,
        "the orchestrator's database failed; its log says how",
        reason: "database_failed"
      )
    }
  default:
    logger.error("call failed", metadata: ["rpc.path": "\(path)", "error.cause": "\(error)"])
    return RPCError(
      .internalError,
      "the orchestrator failed unexpectedly; its log says how",
      reason: "internal"
    )
  }
}
