import CPostgreSQL
import Glibc

/// What kept a PostgreSQL connection or statement from working.
public struct PostgreSQLError: Error, Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Neither one DNS name nor one IP address.
    case invalidHost
    case hostNotFound
    case connectionRefused
    case connectTimeout
    /// The server speaks plain text only, or demands TLS where it is disabled.
    case tlsRequired
    /// The certificate, its name, or the handshake.
    case tlsFailed
    /// The server's answer to a login or a statement: see `sqlState`.
    case server
    /// The connection broke, before or in the middle of an answer.
    case connectionLost
    /// The engine was used against its contract.
    case misuse
  }
  public var kind: Kind
  /// Five characters (PostgreSQL manual, appendix A); nil where no server said it.
  public var sqlState: String?
  /// The server's or the library's own words; never the password. Class 22 texts may quote values.
  public var message: String

  init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
  }
}

extension PostgreSQLError: CustomStringConvertible {
  public var description: String { sqlState.map { "\(message) (SQLSTATE \($0))" } ?? message }
}

extension PostgreSQLError {
  /// Of a result that is an error.
  static func result(_ result: OpaquePointer?) -> PostgreSQLError {
    let state = field(result, "C")
    let message =
      field(result, "M") ?? result.flatMap { PQresultErrorMessage($0) }
      .map { String(cString: $0) } ?? "the server answered with an error"
    // 57P01 to 57P03: the server is stopping; without a state libpq itself lost the connection.
    guard let state else { return PostgreSQLError(.connectionLost, firstLine(message)) }
    let isGone = state.hasPrefix("57P0") || state.hasPrefix("08")
    return PostgreSQLError(isGone ? .connectionLost : .server, message, sqlState: state)
  }

  /// The connection's own last words, while it is in use.
  static func lost(_ connection: OpaquePointer) -> PostgreSQLError {
    PostgreSQLError(.connectionLost, firstLine(text(connection)))
  }

  /// Of a login that failed. libpq keeps no code for it, but writes the server's SQLSTATE into its
  /// text in the verbose form, `FATAL:  28P01: …`; the rest is told apart by the texts of libpq 15
  /// (fe-connect.c, fe-secure-openssl.c) in the C locale, which a Swift process stays in.
  static func login(_ connection: OpaquePointer) -> PostgreSQLError {
    let full = text(connection)
    if let (state, message) = serverError(full) {
      let isPlainRefused =
        state == "28000" && (message.contains("no encryption") || message.contains("SSL off"))
      return PostgreSQLError(
        isPlainRefused ? .tlsRequired : .server,
        message,
        sqlState: state
      )
    }
    let line = firstLine(full)
    func mentions(_ words: String...) -> Bool { words.contains { full.contains($0) } }
    if mentions("server does not support SSL") { return PostgreSQLError(.tlsRequired, line) }
    if mentions(
      "SSL error",
      "certificate",
      "SSL connection has been closed",
      "could not get server"
    ) {
      return PostgreSQLError(.tlsFailed, line)
    }
    if mentions(String(cString: strerror(ECONNREFUSED))) {
      return PostgreSQLError(.connectionRefused, line)
    }
    if mentions("timeout expired", String(cString: strerror(ETIMEDOUT))) {
      return PostgreSQLError(.connectTimeout, line)
    }
    if mentions("authentication method", "password") {
      return PostgreSQLError(.server, line, sqlState: "28000")
    }
    return PostgreSQLError(.connectionLost, line)
  }

  private static func text(_ connection: OpaquePointer) -> String {
    PQerrorMessage(connection).map { String(cString: $0) } ?? ""
  }

  private static func field(_ result: OpaquePointer?, _ code: Unicode.Scalar) -> String? {
    PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
  }

  /// libpq's text without what it adds on further lines, and without its prefix that names the
  /// address once more.
  private static func firstLine(_ text: String) -> String {
    let line = text.prefix { $0 != "\n" }
    let words = line.firstRange(of: "failed: ").map { line[$0.upperBound...] } ?? line
    return words.isEmpty ? "the server closed the connection" : String(words)
  }

  /// The state and the message in `SEVERITY:  STATE: message`.
  private static func serverError(_ text: String) -> (state: String, message: String)? {
    for line in text.split(separator: "\n") {
      guard let mark = line.firstRange(of: ":  ") else { continue }
      let rest = line[mark.upperBound...]
      let state = rest.prefix(5)
      guard state.utf8.count == 5, rest.dropFirst(5).hasPrefix(": "),
        state.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) })
      else { continue }
      return (String(state), String(rest.dropFirst(7)))
    }
    return nil
  }
}
