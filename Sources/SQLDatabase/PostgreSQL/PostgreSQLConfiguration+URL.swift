/// What is wrong with a PostgreSQL URL, as one sentence. The URL is not repeated in it.
public struct PostgreSQLURLError: Error, Sendable, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}

extension PostgreSQLConfiguration {
  /// Of `postgresql://user@host:port/database?sslmode=…&sslrootcert=…` (PostgreSQL manual, 34.1.1.2):
  /// one host, and of libpq's parameters these two only.
  ///
  /// `sslmode` is `verify-full` where it is not given, and `disable` for this machine itself:
  /// `localhost`, 127.0.0.0/8 and `::1`. The port is 5432 where it is not given.
  /// - Throws: `PostgreSQLURLError`, also for a URL with a password: URLs end up in logs.
  public init(url: String, password: [UInt8]) throws(PostgreSQLURLError) {
    var rest = Substring(url)
    guard let scheme = ["postgresql://", "postgres://"].first(where: { rest.hasPrefix($0) }) else {
      throw PostgreSQLURLError("it does not begin with postgresql://")
    }
    rest = rest.dropFirst(scheme.count)
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let at = path[0].lastIndex(of: "@") else {
      throw PostgreSQLURLError("it names no user: postgresql://user@host:port/database")
    }
    let login = path[0][..<at]
    guard !login.contains(":") else {
      throw PostgreSQLURLError("it holds a password, which belongs into a file")
    }
    let place = try Self.place(path[0][path[0].index(after: at)...])
    self.init(
      host: place.host,
      port: place.port,
      database: path.count > 1 ? try Self.decoded(path[1]) : "",
      user: try Self.decoded(login),
      password: password,
      tls: Self.isLoopback(place.host) ? .disable : .verifyFull
    )
    guard !user.isEmpty, !host.isEmpty, !database.isEmpty else {
      throw PostgreSQLURLError(
        "it must name user, host and database: postgresql://user@host:port/database"
      )
    }
    guard parts.count > 1 else { return }
    for parameter in parts[1].split(separator: "&") { try set(parameter) }
  }

  private mutating func set(_ parameter: Substring) throws(PostgreSQLURLError) {
    let halves = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = try Self.decoded(halves[0])
    let value = halves.count > 1 ? try Self.decoded(halves[1]) : ""
    switch name {
    case "sslmode":
      guard let mode = TLS(rawValue: value) else {
        let known = TLS.allCases.map(\.rawValue).joined(separator: ", ")
        throw PostgreSQLURLError("sslmode must be one of \(known)")
      }
      tls = mode
    case "sslrootcert":
      guard !value.isEmpty else { throw PostgreSQLURLError("sslrootcert names no file") }
      caFile = value
    case "password": throw PostgreSQLURLError("it holds a password, which belongs into a file")
    default:
      throw PostgreSQLURLError(
        "the parameter \"\(name)\" is not known: there are sslmode and sslrootcert"
      )
    }
  }

  private static func place(
    _ text: Substring
  ) throws(PostgreSQLURLError) -> (host: String, port: Int) {
    var host = text
    var port: Substring = "5432"
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<close]
      let rest = text[text.index(after: close)...]
      guard rest.isEmpty || rest.hasPrefix(":") else {
        throw PostgreSQLURLError("after the address in brackets comes :port")
      }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else if let colon = text.firstIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    guard !host.contains(",") else {
      throw PostgreSQLURLError("it names several hosts: give one name, behind which they are")
    }
    guard let number = UInt16(port), number > 0 else {
      throw PostgreSQLURLError("its port must be a number up to 65535")
    }
    return (try decoded(host), Int(number))
  }

  private static func isLoopback(_ host: String) -> Bool {
    host.lowercased() == "localhost" || host == "::1"
      || (host.hasPrefix("127.") && HostAddresses.isAddress(host))
  }

  /// With `%xx` replaced (RFC 3986, 2.1).
  private static func decoded(_ text: Substring) throws(PostgreSQLURLError) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, digits.first != UInt8(ascii: "+"),
        let value = UInt8(Substring(digits), radix: 16), value != 0
      else { throw PostgreSQLURLError("a % in it must be written as %25") }
      rest = rest.dropFirst(2)
      bytes.append(value)
    }
    guard let result = String(validating: bytes, as: UTF8.self) else {
      throw PostgreSQLURLError("it is not UTF-8 text")
    }
    return result
  }
}
