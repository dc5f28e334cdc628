import SQLDatabase
import SyncModel
import Warehouse

/// What Redshift answers otherwise than PostgreSQL, or what there is more to say about.
enum RedshiftFailure {
  /// Of opening a connection. `CancellationError` passes through.
  static func connecting(_ error: any Error, _ configuration: PostgreSQLConfiguration) -> any Error
  {
    guard let error = error as? PostgreSQLError else {
      return PostgreSQLFailure.connecting(error, configuration)
    }
    let place = "\(configuration.host):\(configuration.port)"
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(code, message, recovery: recovery, cause: error.description)
    }
    // Redshift's own digest over SHA-256, which no libpq speaks (warehouses.md, D.2).
    if error.message.contains("authentication method 13") {
      return failure(
        "password_format",
        """
        the password of user "\(configuration.user)" is stored at \(place) as SHA-256, with which this \
        client cannot log in; an administrator stores it as MD5: ALTER USER \(configuration.user) \
        PASSWORD 'md5…', where … is the MD5 of the password followed by the user's name
        """,
        .needsOperator
      )
    }
    switch error.kind {
    case .tlsFailed where error.message.contains("does not match host name"):
      return failure(
        "tls_name_mismatch",
        """
        the certificate of \(place) is for another name: use the endpoint's own name as "host", or \
        "tls" = verify-ca for a name of your own: \(error.message)
        """,
        .needsOperator
      )
    case .tlsFailed where error.message.contains("certificate verify failed"):
      return failure(
        "tls_untrusted",
        """
        the certificate of \(place) is of an authority that \(configuration.caFile) does not have: name \
        Amazon's redshift-ca-bundle.crt as "caFile": \(error.message)
        """,
        .needsOperator
      )
    case .connectTimeout:
      return failure(
        "connect_timeout",
        """
        \(place) did not answer within \(configuration.connectTimeout.components.seconds) seconds: let \
        this machine's address in at the cluster's security group, make the cluster publicly \
        accessible, or go through a bastion ("tunnel_host")
        """,
        .retry
      )
    default: return PostgreSQLFailure.connecting(error, configuration)
    }
  }

  /// Of a statement over `source`. `CancellationError` passes through.
  static func running(_ error: any Error, source: String) -> any Error {
    guard let error = error as? PostgreSQLError, error.kind == .server else {
      return PostgreSQLFailure.running(error, source: source)
    }
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(code, message, recovery: recovery, cause: error.description)
    }
    if isDenied(error) {
      return failure(
        "permission_denied",
        """
        \(source) may not be read: \(error.message); grant USAGE on its schema and SELECT on it, and for \
        a late-binding view also SELECT on the tables beneath
        """,
        .needsOperator
      )
    }
    if error.isSerializationConflict {
      return failure(
        "serialization_conflict",
        "reading \(source) conflicted with a transaction that wrote to it, twice: \(error.message)",
        .retry
      )
    }
    switch error.sqlState {
    case "42P01":
      return failure(
        "table_not_found",
        "\(source): \(error.message); a late-binding view needs its tables when it is read",
        .needsOperator
      )
    case "42703":
      return failure(
        "column_missing",
        "\(source): \(error.message); a late-binding view needs its columns when it is read",
        .needsOperator
      )
    default: return PostgreSQLFailure.running(error, source: source)
    }
  }

  /// The state that Redshift gives is not documented: its text decides too.
  static func isDenied(_ error: PostgreSQLError) -> Bool {
    error.kind == .server
      && (error.sqlState == "42501" || error.message.hasPrefix("permission denied"))
  }

  /// Whether it is the table itself that is missing, and not one that a view reads.
  static func isMissing(_ error: PostgreSQLError, _ table: TableName) -> Bool {
    if error.sqlState == "3F000" { return true }
    guard error.sqlState == "42P01" else { return false }
    let names = [table, table.everythingInLowerCase].map { table in
      table.parts.map(\.text).joined(separator: ".")
    }
    let last = [table, table.everythingInLowerCase].compactMap { $0.parts.last?.text }
    return (names + last).contains { error.message.contains("\"\($0)\"") }
  }
}

extension TableName {
  fileprivate var everythingInLowerCase: TableName {
    TableName(parts.map { Part($0.text) }).foldedToLowerCase
  }
}

/// - Returns: the failure of settings that cannot be used.
func invalidSettings(_ message: String) -> Failure {
  Failure("invalid_settings", message, recovery: .needsOperator)
}
