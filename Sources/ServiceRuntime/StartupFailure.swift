import RPC
import SyncModel

/// Makes one line of whatever ended a process.
enum StartupFailure {
  static func describe(_ error: any Error) -> String {
    let text =
      switch error {
      case let error as StartupError: error.message
      case let error as Failure: error.message
      case let error as RPCError: error.message
      default: "\(error)"
      }
    return text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
