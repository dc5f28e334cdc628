import Glibc
import NIOPosix

/// Finds the addresses behind a name.
public protocol AddressResolver: Sendable {
  /// All of them, in numbers, each once or more; cancellation may be ignored.
  /// - Throws: when the name cannot be resolved now; `RPCError` keeps its text.
  func addresses(of target: ServerTarget) async throws -> [String]
}

/// Asks the system: /etc/hosts, DNS, whatever nsswitch.conf says.
public struct SystemResolver: AddressResolver {
  public init() {}

  public func addresses(of target: ServerTarget) async throws -> [String] {
    // getaddrinfo blocks, so it has a thread of NIO's pool for blocking calls.
    try await NIOThreadPool.singleton.runIfActive { try Self.lookUp(target.host) }
  }

  private static func lookUp(_ host: String) throws(RPCError) -> [String] {
    var hints = addrinfo()
    // One entry an address, not one for each socket type.
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    // Safety: getaddrinfo gave the list to us, and nothing below keeps a pointer into it.
    defer { if let list { freeaddrinfo(list) } }
    guard code == 0 else {
      throw RPCError(.unavailable, "cannot resolve \(host): \(String(cString: gai_strerror(code)))")
    }
    var result: [String] = []
    var next = list
    while let entry = next {
      if let text = numbers(entry.pointee), !result.contains(text) { result.append(text) }
      next = entry.pointee.ai_next
    }
    return result
  }

  private static func numbers(_ entry: addrinfo) -> String? {
    guard entry.ai_family == AF_INET || entry.ai_family == AF_INET6 else { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
      // Safety: getnameinfo writes at most `text.count` bytes, with the terminating zero.
      guard let base = text.baseAddress,
        getnameinfo(
          entry.ai_addr,
          entry.ai_addrlen,
          base,
          socklen_t(text.count),
          nil,
          0,
          NI_NUMERICHOST
        ) == 0
      else { return nil }
      return String(cString: base)
    }
  }
}
