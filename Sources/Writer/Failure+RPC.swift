import RPC
import SyncModel

/// The wire's words for a failure: its code for programs, its sentence for people.
func rpcError(_ failure: Failure) -> RPCError {
  RPCError(
    code(of: failure),
    failure.message,
    reason: failure.code,
    cause: failure.cause.map(FailureCause.init)
  )
}

/// What an operation of this service throws, whatever it met.
func rpcError(from error: any Error) -> RPCError {
  switch error {
  case let error as RPCError: error
  case let failure as Failure: rpcError(failure)
  case is CancellationError:
    RPCError(.cancelled, "the call was cancelled; what was receipted stays applied")
  default:
    RPCError(
      .internalError,
      "the writer could not do this; its log says why",
      reason: "writer_failed",
      cause: error
    )
  }
}

private func code(of failure: Failure) -> RPCCode {
  if failure.code.hasSuffix("_not_found") { return .notFound }
  switch failure.code {
  case "stale_epoch", "unexpected_batch", "sync_not_open": return .failedPrecondition
  case "disk_full": return .resourceExhausted
  default: break
  }
  return switch failure.recovery {
  case .needsOperator: .failedPrecondition
  case .failRun: .aborted
  case .retry, .reconnect: .unavailable
  case .skipRow: .invalidArgument
  }
}

/// A native error's text, for this process's log.
struct FailureCause: Error, CustomStringConvertible {
  var description: String
}
