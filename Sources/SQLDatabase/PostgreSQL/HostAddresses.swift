import Glibc

/// A host that a user typed, checked and resolved before libpq sees it: libpq would take a path, an
/// empty name, `@name` or a list with one of these for a local socket, and log in there as the
/// service's own user (reliability.md 5.2).
struct HostAddresses {
  /// Numeric, in the resolver's order (RFC 6724), at most four.
  let addresses: [String]

  /// Blocks for as long as the resolver takes.
  init(resolving host: String) throws {
    if Self.isAddress(host) {
      addresses = [host]
      return
    }
    guard Self.isName(host) else {
      throw PostgreSQLError(
        .invalidHost,
        "\"\(host.prefix(80))\" is neither one host name nor one IP address"
      )
    }
    addresses = try Self.resolve(host)
  }

  /// Where a connection dials. The host of a detour may have no address here, but its name is checked
  /// all the same: libpq gets it.
  static func dialled(by configuration: PostgreSQLConfiguration) throws -> [String] {
    guard let detour = configuration.detour else {
      return try HostAddresses(resolving: configuration.host).addresses
    }
    guard isAddress(configuration.host) || isName(configuration.host),
      isAddress(detour.address)
    else {
      throw PostgreSQLError(
        .invalidHost,
        "\"\(configuration.host.prefix(80))\" is neither one host name nor one IP address"
      )
    }
    return [detour.address]
  }

  /// One IPv4 or IPv6 literal, without a zone.
  static func isAddress(_ host: String) -> Bool {
    guard !host.utf8.contains(0) else { return false }
    var address = in6_addr()
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
  }

  /// Labels of letters, digits, `-` and `_` (which container networks use), 63 bytes each, 253
  /// together. A last label of digits is no name: resolvers read `127.1` as an address.
  static func isName(_ host: String) -> Bool {
    var bytes = Array(host.utf8)
    if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
    guard (1...253).contains(bytes.count) else { return false }
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    let areLabels = labels.allSatisfy { label in
      (1...63).contains(label.count) && label.first != UInt8(ascii: "-")
        && label.last != UInt8(ascii: "-")
        && label.allSatisfy {
          isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }
    guard areLabels, let last = labels.last, let first = last.first else { return false }
    return !(isDigit(first) && last.allSatisfy { isDigit($0) || isHexMark($0) })
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
  private static func isHexMark(_ byte: UInt8) -> Bool {
    (97...102).contains(byte | 0x20) || byte | 0x20 == UInt8(ascii: "x")
  }

  private static func resolve(_ host: String) throws -> [String] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    var addresses: [String] = []
    var next = list
    while code == 0, let entry = next, addresses.count < 4 {
      var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
      let named = getnameinfo(
        entry.pointee.ai_addr,
        entry.pointee.ai_addrlen,
        &text,
        socklen_t(text.count),
        nil,
        0,
        NI_NUMERICHOST
      )
      if named == 0 {
        addresses.append(
          String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        )
      }
      next = entry.pointee.ai_next
    }
    guard !addresses.isEmpty else {
      let reason = code == 0 ? "it has no address" : String(cString: gai_strerror(code))
      throw PostgreSQLError(.hostNotFound, "the host \"\(host)\" was not found: \(reason)")
    }
    return addresses
  }
}
