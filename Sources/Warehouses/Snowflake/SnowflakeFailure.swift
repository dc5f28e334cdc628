import HTTPFetch
import SyncModel
import Warehouse

/// What Snowflake answers, as failures for people: by code first, then SQLSTATE, then HTTP status
/// (warehouses.md, A.10).
struct SnowflakeFailure: Sendable {
  let settings: SnowflakeSettings
  let user: String

  /// - Parameter source: `table "DB"."S"."T"`, `the query`, or what else was under way.
  /// - Parameter timeout: of the statement in seconds, where it has one of its own.
  func failure(_ error: any Error, source: String, timeout: Int? = nil) -> any Error {
    switch error {
    case let error as SnowflakeError:
      return timeout.flatMap { lateAnswer(error, source, $0) } ?? named(error, source)
    case let error as FetchError: return transport(error, source)
    default: return error
    }
  }

  private func named(_ error: SnowflakeError, _ source: String) -> Failure {
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(code, message, recovery: recovery, cause: error.description)
    }
    let words = Self.withoutPrefix(error.message)
    let warehouse = SnowflakeName.written(settings.warehouse)
    let role = SnowflakeName.written(settings.role)
    switch error.code {
    case "390144", "390303":
      return failure(
        "login_failed",
        """
        Snowflake refused the login of user \(user) at \(settings.origin.host): \(words) Register \
        the public key at the user (`sluice credential show` has the statement), and check that \
        "account" and the credential's username, the user's LOGIN_NAME, are right; an administrator \
        finds the reason with SELECT SYSTEM$GET_LOGIN_FAILURE_DETAILS('the number in brackets')
        """,
        .needsOperator
      )
    case "390422":
      return failure(
        "network_policy",
        """
        Snowflake's network policy does not let us in: \(words) Add the address to the policy of the \
        account or of user \(user)
        """,
        .needsOperator
      )
    case "390189":
      return failure(
        "role_not_granted",
        "user \(user) does not have role \(role): GRANT ROLE \(role) TO USER \(user)",
        .needsOperator
      )
    case "000606": return noWarehouse(cause: error.description)
    case "000608":
      return failure(
        "warehouse_suspended",
        """
        warehouse \(warehouse) is suspended and role \(role) may not resume it: \
        ALTER WAREHOUSE \(warehouse) SET AUTO_RESUME = TRUE, or \
        GRANT OPERATE ON WAREHOUSE \(warehouse) TO ROLE \(role)
        """,
        .needsOperator
      )
    case "090073":
      return failure(
        "quota_exceeded",
        """
        warehouse \(warehouse) cannot be resumed: \(words) Raise the monitor's quota, or give the \
        source another "warehouse"
        """,
        .needsOperator
      )
    case "002003", "002043": return missing(error, source, words)
    case "000904":
      return failure(
        "column_missing",
        "\(source) does not have a column that it names: \(words) Correct the query or the view",
        .needsOperator
      )
    case "003001", "003540":
      return failure(
        "permission_denied",
        """
        role \(role) may not do what reading \(source) needs: \(words) Grant the role what is missing
        """,
        .needsOperator
      )
    case "000630":
      return failure(
        "statement_timeout",
        """
        reading \(source) took longer than \(settings.statementTimeout) s and was ended; give the \
        source a larger "statementTimeout", or the warehouse more size
        """,
        .failRun
      )
    case "000604":
      return failure(
        "query_cancelled",
        """
        reading \(source) was cancelled at Snowflake: \(words) QUERY_HISTORY says by whom; the next \
        run reads on from the last row that was applied
        """,
        .failRun
      )
    case "000709", "000710":
      return failure(
        "result_expired",
        """
        Snowflake does not keep the result of reading \(source) any more: \(words) The query is run \
        anew from the last row that was applied
        """,
        .reconnect
      )
    case "391908":
      return failure(
        "result_too_large",
        """
        the result of reading \(source) is too large for Snowflake's SQL API, which answered with \
        a part of it: read fewer columns or rows with a view or a query
        """,
        .needsOperator
      )
    case "390505":
      return failure(
        "too_many_requests",
        """
        Snowflake takes no more requests at the moment: \(words) The next run tries again; fewer syncs \
        at one time help
        """,
        .retry
      )
    case "391917", "390142":
      return failure(
        "query_failed",
        "Snowflake did not take the request: \(words) This is a fault of Sluice's; please report it",
        .failRun
      )
    default: return byState(error, source, words)
    }
  }

  func noWarehouse(cause: String? = nil) -> Failure {
    let warehouse = SnowflakeName.written(settings.warehouse)
    let role = SnowflakeName.written(settings.role)
    return Failure(
      "no_warehouse",
      """
      role \(role) has no warehouse \(warehouse): there is none of that name, or \
      GRANT USAGE ON WAREHOUSE \(warehouse) TO ROLE \(role) is missing
      """,
      recovery: .needsOperator,
      cause: cause
    )
  }

  /// Of a question of a person's, which had to be answered soon.
  private func lateAnswer(_ error: SnowflakeError, _ source: String, _ timeout: Int) -> Failure? {
    guard error.code == "000630" || error.status == 408 else { return nil }
    return Failure(
      "statement_timeout",
      """
      Snowflake did not find the rows in \(source) within \(timeout) s: give warehouse \
      \(SnowflakeName.written(settings.warehouse)) more size, or cluster the table by its identifier
      """,
      recovery: .failRun,
      cause: error.description
    )
  }

  private func missing(_ error: SnowflakeError, _ source: String, _ words: String) -> Failure {
    let role = SnowflakeName.written(settings.role)
    // As Snowflake printed it, quotes of its own included.
    let quoted = words.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    let name = quoted.count == 3 && !quoted[1].isEmpty ? String(quoted[1]) : "…"
    let what: (code: String, grant: String) =
      if words.contains("Database '") {
        ("database_not_found", "GRANT USAGE ON DATABASE \(name) TO ROLE \(role)")
      } else if words.contains("Schema '") || error.code == "002043" {
        ("schema_not_found", "GRANT USAGE ON SCHEMA \(name) TO ROLE \(role)")
      } else {
        ("table_not_found", "GRANT SELECT ON TABLE \(name) TO ROLE \(role) (of a view: ON VIEW)")
      }
    return Failure(
      what.code,
      "\(source): \(words) Where it does exist, \(what.grant) is missing",
      recovery: .needsOperator,
      cause: error.description
    )
  }

  private func byState(_ error: SnowflakeError, _ source: String, _ words: String) -> Failure {
    func failure(_ code: String, _ message: String, _ recovery: Recovery) -> Failure {
      Failure(code, message, recovery: recovery, cause: error.description)
    }
    // Texts of class 22, data exceptions, quote values of the row.
    if error.sqlState.hasPrefix("22") {
      return failure(
        "query_failed",
        """
        \(source) cannot be read: a value does not fit what the query or the view does with it \
        (code \(error.code), SQLSTATE \(error.sqlState)); correct it, for example with TRY_CAST
        """,
        .needsOperator
      )
    }
    if error.sqlState.hasPrefix("42") || error.sqlState.hasPrefix("0A") {
      return failure(
        "query_failed",
        """
        \(source) cannot be read, as Snowflake does not accept the statement: \(words) \
        (code \(error.code)) Correct the query or the view
        """,
        .needsOperator
      )
    }
    switch error.status {
    case 401: return named(SnowflakeError(error, code: "390144"), source)
    case 403:
      return failure(
        "access_forbidden",
        """
        \(settings.origin.host) forbids the request: \(words.isEmpty ? "HTTP 403." : words) Check \
        what the account or a proxy on the way allows
        """,
        .needsOperator
      )
    case 404:
      return failure(
        "host_not_found",
        "\(settings.origin.host) has no SQL API; check the setting \"account\" or \"host\"",
        .needsOperator
      )
    case 408: return named(SnowflakeError(error, code: "000630"), source)
    case 429, 500...599:
      return failure(
        "warehouse_unavailable",
        """
        \(settings.origin.host) answers HTTP \(error.status) again and again: \(words) The next run \
        tries again
        """,
        .retry
      )
    default:
      return failure(
        "query_failed",
        "reading \(source) failed: \(words) (code \(error.code), HTTP \(error.status))",
        .failRun
      )
    }
  }

  private func transport(_ error: FetchError, _ source: String) -> Failure {
    let (code, recovery): (String, Recovery) =
      switch error.kind {
      case .hostNotFound: ("host_not_found", .needsOperator)
      case .tls: ("tls_failed", .needsOperator)
      case .notAllowed: ("address_not_allowed", .needsOperator)
      case .invalidRequest, .invalidSetting: ("invalid_settings", .needsOperator)
      case .cannotConnect: ("connection_refused", .retry)
      case .timeout: ("connect_timeout", .retry)
      case .closed: ("connection_closed", .failRun)
      default: ("connection_lost", .reconnect)
      }
    let advice =
      switch error.kind {
      case .hostNotFound: "; it is made of the settings \"account\" and \"host\""
      case .tls: "; where a proxy inspects TLS, the setting \"caFile\" names its authority"
      case .cannotConnect: "; check \"host\" and \"port\", and the firewalls on the way"
      case .timeout, .connectionLost, .truncated, .badEncoding: "; the next run tries again"
      default: ""
      }
    return Failure(
      code,
      "\(source) cannot be read: \(error.message)\(advice)",
      recovery: recovery,
      cause: error.cause
    )
  }

  /// Without the line that every compilation error begins with, and with a full stop.
  static func withoutPrefix(_ message: String) -> String {
    var text = message[...]
    for prefix in ["SQL compilation error: ", "SQL access control error: "]
    where text.hasPrefix(prefix) {
      text = text.dropFirst(prefix.count)
    }
    guard let last = text.last else { return "" }
    return last == "." || last == "]" || last == ")" ? String(text) : text + "."
  }
}

extension SnowflakeError {
  /// The same under another code, where the answer had none.
  fileprivate init(_ error: SnowflakeError, code: String) {
    self = error
    self.code = code
  }
}
