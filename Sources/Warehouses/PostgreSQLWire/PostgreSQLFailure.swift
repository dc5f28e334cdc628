import SQLDatabase
import SyncModel

/// What PostgreSQL and libpq answer, as failures for people.
enum PostgreSQLFailure {
  /// Of opening a connection. `CancellationError` passes through.
  static func connecting(_ error: any Error, _ configuration: PostgreSQLConfiguration)
    -> any Error
  {
    guard let error = error as? PostgreSQLError else { return connectingOther(error) }
    let place = "\(configuration.host):\(configuration.port)"
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(code, message, recovery: recovery, cause: error.description)
    }
    switch error.kind {
    case .invalidHost:
      return failure("invalid_settings", "setting \"host\": \(error.message)", .needsOperator)
    case .hostNotFound:
      // Without an answer of a name server the name may still be right.
      let isTemporary = error.message.contains("Temporary failure")
      return failure("host_not_found", error.message, isTemporary ? .retry : .needsOperator)
    case .connectionRefused:
      return failure(
        "connection_refused",
        "nothing accepts connections at \(place); check the host, the port and that the server runs",
        .retry
      )
    case .connectTimeout:
      return failure(
        "connect_timeout",
        "\(place) did not answer within \(configuration.connectTimeout.components.seconds) seconds; "
          + "a firewall or allow-list may be in between",
        .retry
      )
    case .tlsRequired where configuration.tls == .disable:
      return failure(
        "tls_required",
        "the server at \(place) refuses plain text; set \"tls\" to verify-full: \(error.message)",
        .needsOperator
      )
    case .tlsRequired:
      return failure(
        "tls_required",
        "the server at \(place) does not speak TLS, which \"tls\" = \(configuration.tls.rawValue) "
          + "needs; turn it on at the server",
        .needsOperator
      )
    case .tlsFailed:
      return failure(
        "tls_failed",
        "the TLS connection to \(place) was not trusted (\"tls\" = \(configuration.tls.rawValue)): "
          + error.message,
        .needsOperator
      )
    case .connectionLost:
      return failure(
        "connection_lost",
        "\(place) closed the connection at login: \(error.message)",
        .retry
      )
    case .server: return refusedLogin(error, configuration, place)
    case .misuse: return failure("query_failed", error.message, .failRun)
    }
  }

  private static func connectingOther(_ error: any Error) -> any Error {
    guard let error = error as? SQLError else { return error }
    return Failure(
      "connection_lost",
      "no connection could be opened: \(error.message)",
      recovery: .retry,
      cause: error.description
    )
  }

  private static func refusedLogin(
    _ error: PostgreSQLError,
    _ configuration: PostgreSQLConfiguration,
    _ place: String
  ) -> Failure {
    let (code, message, recovery): (String, String, Recovery) =
      switch error.sqlState ?? "" {
      case "28P01":
        (
          "wrong_password",
          "the server at \(place) refused user \"\(configuration.user)\": wrong user name or password",
          .needsOperator
        )
      case "28000":
        (
          "wrong_password",
          "the server at \(place) refused user \"\(configuration.user)\": \(error.message)",
          .needsOperator
        )
      case "3D000":
        (
          "database_not_found",
          "the server at \(place) has no database \"\(configuration.database)\"", .needsOperator
        )
      case "42501":
        (
          "permission_denied",
          "user \"\(configuration.user)\" may not use the database: \(error.message)",
          .needsOperator
        )
      case "53300", "57P03":
        (
          "connection_lost", "the server at \(place) takes no connection now: \(error.message)",
          .retry
        )
      default:
        ("connection_refused", "the server at \(place) refused: \(error.message)", .retry)
      }
    return Failure(code, message, recovery: recovery, cause: error.description)
  }

  /// Of a statement over `source` (`table "public"."users"`, or `the query`). `CancellationError`
  /// passes through.
  static func running(_ error: any Error, source: String) -> any Error {
    if let error = error as? SQLError {
      return Failure("connection_lost", error.message, recovery: .reconnect)
    }
    guard let error = error as? PostgreSQLError else { return error }
    // Texts of class 22, data exceptions, quote values of the row.
    let isQuotable = error.sqlState.map { !$0.hasPrefix("22") } ?? true
    let words = isQuotable ? error.message : "the data cannot be read"
    let state = error.sqlState ?? ""
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(
        code,
        message,
        recovery: recovery,
        cause: isQuotable ? error.description : "SQLSTATE \(state)"
      )
    }
    if error.kind == .connectionLost {
      return failure(
        "connection_lost",
        "the connection was lost while reading \(source): \(words)",
        .reconnect
      )
    }
    switch state {
    case "42P01": return failure("table_not_found", "\(source): \(words)", .needsOperator)
    case "3F000": return failure("schema_not_found", "\(source): \(words)", .needsOperator)
    case "42501":
      return failure(
        "permission_denied",
        "\(source) may not be read: \(words); grant SELECT on it, and USAGE on its schema",
        .needsOperator
      )
    case "42703": return failure("column_missing", "\(source): \(words)", .needsOperator)
    case "57014":
      return failure("query_cancelled", "reading \(source) was cancelled: \(words)", .failRun)
    case _ where state.hasPrefix("42") || state.hasPrefix("0A"):
      return failure(
        "query_failed",
        "\(source) cannot be read: \(words) (SQLSTATE \(state))",
        .needsOperator
      )
    // Serialization conflicts, locks, and resources that are short at the moment.
    case _ where state.hasPrefix("40") || state.hasPrefix("53") || state.hasPrefix("55"):
      return failure(
        "query_failed",
        "reading \(source) failed: \(words) (SQLSTATE \(state))",
        .retry
      )
    default:
      return failure(
        "query_failed",
        "reading \(source) failed: \(words) (SQLSTATE \(state))",
        .failRun
      )
    }
  }
}
