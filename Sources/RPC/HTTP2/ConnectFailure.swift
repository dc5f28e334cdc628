import Glibc
import NIOCore
import NIOPosix

/// Says in words why a connection could not be had or was lost.
enum ConnectFailure {
  static func describe(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
      if let failure = error.connectionErrors.first { return describe(failure.error) }
      if let failure = error.dnsAError ?? error.dnsAAAAError { return describe(failure) }
      return "no address answered"
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: return "it did not answer in time"
    case is SocketAddressError: return "its name cannot be resolved"
    case let error as RPCError: return error.message
    case let error as any CustomStringConvertible: return error.description
    default: return "\(error)"
    }
  }
}
