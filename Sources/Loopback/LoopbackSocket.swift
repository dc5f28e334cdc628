import Glibc

/// A TCP socket bound to 127.0.0.1; it is closed when it goes out of scope.
///
/// A target of its own, which NIO is not below: where NIO is, the compiler finds `sockaddr_in` in NIO's C
/// module or in Glibc's, as the order of its files has it.
public struct LoopbackSocket: ~Copyable, Sendable {
  public let descriptor: Int32
  /// The port it was given: the wanted one, or a free one of the system's choice.
  public let port: Int

  /// Binds, but does not listen: a connection to the port is refused, and nobody else gets it.
  /// - Parameters:
  ///   - port: 0 for any free one.
  ///   - reusesAddress: whether a connection that ended lately may still hold the port.
  /// - Returns: nil when it cannot be bound; `errno` says why.
  public init?(port wanted: Int = 0, reusesAddress: Bool = false) {
    guard let wanted = UInt16(exactly: wanted) else {
      errno = EINVAL
      return nil
    }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return nil }
    var yes: Int32 = reusesAddress ? 1 : 0
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = wanted.bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    // Safety: sockaddr_in is a sockaddr by its first field; both calls stay inside `length` bytes.
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
      }
    }
    guard isBound else {
      let reason = errno
      close(descriptor)
      errno = reason
      return nil
    }
    self.descriptor = descriptor
    self.port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }

  /// Accepts connections from now on.
  /// - Returns: false when it cannot; `errno` says why.
  public borrowing func listen(backlog: Int32 = 16) -> Bool {
    Glibc.listen(descriptor, backlog) == 0
  }
}
