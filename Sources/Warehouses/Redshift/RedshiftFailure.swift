import SQLDatabase
import SyncModel
import Warehouse

/// What Redshift answers otherwise than PostgreSQL, or what there is more to say about.
enum RedshiftFailure {
  /// Of opening a connection. `CancellationError` passes through.
  ///
  /// - Parameter bastion: through which the cluster is dialled; nil where it is dialled directly.
  static func connecting(
    _ error: any Error,
    _ configuration: PostgreSQLConfiguration,
    through bastion: SSHBastion? = nil
  ) -> any Error {
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
        client cannot log in; an administrator stores it as MD5: ALTER USER \
        \(TableName.quoted(configuration.user)) PASSWORD 'md5…', where … is the MD5 of the password followed by the user's name
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
      let seconds = configuration.connectTimeout.components.seconds
      if let bastion {
        return failure(
          "connect_timeout",
          """
          bastion \(bastion.place) let us in, but \(place) did not answer through it within \(seconds) \
          seconds: let the bastion's address in at the cluster's security group, and check "host" and \
          "port" from there
          """,
          .retry
        )
      }
      return failure(
        "connect_timeout",
        """
        \(place) did not answer within \(seconds) seconds: let this machine's address in at the cluster's \
        security group, make the cluster publicly accessible, or go through a bastion ("tunnel_host")
        """,
        .retry
      )
    case .tlsRequired:
      return failure(
        "tls_required",
        """
        what answers at \(place) does not speak TLS, as every cluster does: check "host" and "port"
        """,
        .needsOperator
      )
    case .hostNotFound:
      // Without an answer of a name server the name may still be right.
      let isTemporary = error.message.contains("Temporary failure")
      return failure(
        "host_not_found",
        "\(error.message); \"host\" is the cluster's or workgroup's endpoint, without port and database",
        isTemporary ? .retry : .needsOperator
      )
    case .connectionRefused:
      return failure(
        "connection_refused",
        """
        nothing accepts connections at \(place); check "host" and "port", and that the cluster is not \
        paused
        """,
        .retry
      )
    case .server: return refusedLogin(error, configuration, place)
    default: return PostgreSQLFailure.connecting(error, configuration)
    }
  }

  /// 28000 is of PostgreSQL 8.0's time and covers a wrong password too; 28P01 came later.
  private static func refusedLogin(
    _ error: PostgreSQLError,
    _ configuration: PostgreSQLConfiguration,
    _ place: String
  ) -> any Error {
    switch error.sqlState {
    case "28000", "28P01":
      return Failure(
        "wrong_password",
        """
        the cluster at \(place) refused user "\(configuration.user)": \(error.message); give the \
        credential the right user name and password, or set the user's: ALTER USER \
        \(TableName.quoted(configuration.user)) PASSWORD '…'
        """,
        recovery: .needsOperator,
        cause: error.description
      )
    case "3D000":
      return Failure(
        "database_not_found",
        """
        the cluster at \(place) has no database "\(configuration.database)"; check "database", or the \
        first part of a table's name where that has three
        """,
        recovery: .needsOperator,
        cause: error.description
      )
    default: return PostgreSQLFailure.connecting(error, configuration)
    }
  }

  /// Of a statement over `source`. `CancellationError` passes through.
  ///
  /// - Parameter remedy: the statements that grant what is missing, where it is known.
  static func running(_ error: any Error, source: String, remedy: String? = nil) -> any Error {
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
        \(source) may not be read: \(error.message); \(remedy ?? grants)
        """,
        .needsOperator
      )
    }
    if error.isSerializationConflict {
      return failure(
        "serialization_conflict",
        "reading \(source) conflicted with a transaction that wrote to it, twice: \(error.message); "
          + "the next run reads it again",
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

  private static let grants =
    "grant USAGE on its schema and SELECT on it, and for a late-binding view also SELECT on the tables "
    + "beneath"

  /// The state that Redshift gives is not documented: its text decides too.
  static func isDenied(_ error: PostgreSQLError) -> Bool {
    error.kind == .server
      && (error.sqlState == "42501" || error.message.hasPrefix("permission denied"))
  }

  /// Whether it is the table itself that is missing, and not one that a view reads.
  static func isMissing(_ error: PostgreSQLError, _ table: TableName) -> Bool {
    if error.sqlState == "3F000" { return true }
    guard error.sqlState == "42P01" else { return false }
    let names = [table, table.foldedByCluster].map { table in
      table.parts.map(\.text).joined(separator: ".")
    }
    let last = [table, table.foldedByCluster].compactMap { $0.parts.last?.text }
    return (names + last).contains { error.message.contains("\"\($0)\"") }
  }
}

extension TableName {
  /// As a cluster folds it that does not mind case: names in quotes too.
  var foldedByCluster: TableName {
    TableName(parts.map { Part($0.text) }).foldedToLowerCase
  }
}

/// - Returns: the failure of settings that cannot be used.
func invalidSettings(_ message: String) -> Failure {
  Failure("invalid_settings", message, recovery: .needsOperator)
}
