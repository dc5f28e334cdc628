import HTTPFetch
import SyncModel
import Warehouse

/// What Databricks answers, as failures for people.
enum DatabricksFailure {
  /// What a call was about: the same status means different things.
  enum Subject {
    case warehouse, execute, statement, schema, table
  }

  private static func failure(
    _ code: String,
    _ message: String,
    _ recovery: Recovery,
    cause: String? = nil
  ) -> Failure {
    Failure(code, message, recovery: recovery, cause: cause)
  }

  // MARK: HTTP

  /// Of a request that got no answer. `CancellationError` and a `Failure` pass through.
  static func transport(_ error: any Error, _ place: String) -> any Error {
    guard let error = error as? FetchError else { return error }
    let (code, recovery): (String, Recovery) =
      switch error.kind {
      case .invalidRequest, .invalidSetting, .notAllowed: ("invalid_settings", .needsOperator)
      case .hostNotFound: ("host_not_found", .retry)
      case .tls: ("tls_failed", .needsOperator)
      case .timeout: ("connect_timeout", .retry)
      case .cannotConnect: ("connection_refused", .retry)
      case .closed: ("connection_closed", .failRun)
      case .bodyTooLarge, .headersTooLarge, .protocolViolation, .badEncoding, .refused:
        ("unexpected_answer", .failRun)
      case .connectionLost, .truncated, .overloaded, .unavailable: ("connection_lost", .reconnect)
      }
    let advice =
      switch error.kind {
      case .hostNotFound: "; check the host's name"
      case .tls: "; check the host, and which authority its certificate is of (setting caFile)"
      case .timeout, .cannotConnect: "; check the host, the port and the firewalls in between"
      case .connectionLost, .truncated: "; check the network in between, and run again"
      default: ""
      }
    return failure(code, "\(place): \(error.message)\(advice)", recovery, cause: error.cause)
  }

  /// Whether an answer says that the token, and not its holder's rights, is what is wrong.
  static func isRefusedToken(_ status: Int, _ document: JSONValue?) -> Bool {
    if status == 401 { return true }
    // A token that has ended was seen as a 403, too.
    return status == 403 && text(document).lowercased().contains("invalid access token")
  }

  /// Of an answer with another status than 200.
  static func answered(
    _ status: Int,
    contentType: String,
    body: [UInt8],
    _ document: JSONValue?,
    _ subject: Subject,
    _ settings: DatabricksSettings
  ) -> Failure {
    // Some refusals are a line of text, `CODE: message` (B.3); HTML is somebody else's page.
    let isText = contentType.hasPrefix("text/plain") && body.count < 1000
    guard document != nil || isText || status == 429 || status >= 500 else {
      return notDatabricks(status, contentType, settings)
    }
    let words = document.map(text) ?? (isText ? line(String(decoding: body, as: UTF8.self)) : "")
    let said = words.isEmpty ? "" : ": \(words)"
    let code = document?["error_code"]?.string ?? ""
    let cause = "HTTP \(status) \(code)"
    let host = settings.workspace.host
    if isRefusedToken(status, document) {
      return failure(
        "login_refused",
        "the workspace \(host) refused the token\(said); make a new one and put it into the credential",
        .needsOperator,
        cause: cause
      )
    }
    switch (status, subject) {
    case (403, .statement):
      return failure(
        "permission_denied",
        "the workspace \(host) no longer lets the credential see its own statement\(said); check its rights, and run again",
        .needsOperator,
        cause: cause
      )
    case (403, .schema), (403, .table):
      return failure(
        "permission_denied",
        "Unity Catalog does not show it\(said)",
        .needsOperator,
        cause: cause
      )
    case (403, _):
      return failure(
        "permission_denied",
        "the credential may not use the SQL warehouse \(settings.warehouseID)\(said); grant it CAN USE",
        .needsOperator,
        cause: cause
      )
    case (404, .schema):
      return failure(
        "schema_not_found",
        "there is no such schema\(said)",
        .needsOperator,
        cause: cause
      )
    case (404, .table):
      return failure(
        "table_not_found",
        "Unity Catalog has no such table, or does not show it\(said)",
        .needsOperator,
        cause: cause
      )
    case (404, .statement):
      return failure(
        "result_expired",
        "the workspace no longer has the statement: results are kept for an hour; the next run reads on from the last row that is applied",
        .failRun,
        cause: cause
      )
    case (404, _),
      (400, _) where words.lowercased().contains("warehouse") || words.contains("endpoint id"):
      return failure(
        "warehouse_not_found",
        "the workspace \(host) has no SQL warehouse \(settings.warehouseID)\(said); copy the HTTP path from its connection details",
        .needsOperator,
        cause: cause
      )
    case (429, _):
      return failure(
        "throttled",
        "the workspace \(host) still refuses calls as too many\(said); run fewer syncs at once, or try again later",
        .retry,
        cause: cause
      )
    case (500..., _):
      return failure(
        "service_unavailable",
        "the workspace \(host) is not available at the moment (HTTP \(status))\(said); try again later",
        .retry,
        cause: cause
      )
    default:
      return failure(
        "unexpected_answer",
        "the workspace \(host) refused a call (HTTP \(status))\(said); check the source's settings",
        .failRun,
        cause: cause
      )
    }
  }

  static func notDatabricks(
    _ status: Int,
    _ contentType: String,
    _ settings: DatabricksSettings
  ) -> Failure {
    failure(
      "not_databricks",
      "what \(settings.workspace.origin) answered is not a Databricks API response (HTTP \(status), \(contentType.prefix(60))); check the host, and that no login page or proxy stands before it",
      .needsOperator
    )
  }

  static func unexpected(_ what: String) -> Failure {
    failure(
      "unexpected_answer",
      "the workspace answered in a form that is not known: \(what); run again, and report it if it stays so",
      .failRun
    )
  }

  /// Of the token endpoint (RFC 6749, section 5.2).
  static func refusedClient(_ status: Int, _ document: JSONValue?, _ url: HTTPURL) -> Failure {
    let code = document?["error"]?.string ?? ""
    let words = document?["error_description"]?.string ?? code
    switch status {
    case 200:
      return failure(
        "not_databricks",
        "the token endpoint of \(url.host) answered without an access token; check the host",
        .needsOperator
      )
    case 429, 500...:
      return failure(
        "service_unavailable",
        "the token endpoint of \(url.host) is not available at the moment (HTTP \(status)); try again later",
        .retry
      )
    default:
      return failure(
        "login_refused",
        "the workspace \(url.host) refused the OAuth client: \(words.isEmpty ? "HTTP \(status)" : line(words)); check the client's id and secret, and that the service principal is in the workspace",
        .needsOperator,
        cause: "HTTP \(status) \(code)"
      )
    }
  }

  private static func text(_ document: JSONValue?) -> String {
    guard let document else { return "" }
    return line(
      document["message"]?.string ?? document["error"]?.string
        ?? document["error_description"]?.string ?? ""
    )
  }

  /// The first line, of bounded length, for a sentence.
  private static func line(_ text: String) -> String {
    let first = text.split(whereSeparator: \.isNewline).first ?? ""
    var line = String(first.prefix(400))
    while line.hasSuffix(".") || line.hasSuffix(" ") { line.removeLast() }
    return line
  }

  // MARK: Warehouses

  static func warehouseGone(_ id: String) -> Failure {
    failure(
      "warehouse_not_found",
      "the SQL warehouse \(id) was deleted; give the source another one",
      .needsOperator
    )
  }

  static func startFailed(_ state: DatabricksWarehouseState, _ id: String) -> Failure {
    let name = state.name.isEmpty ? id : state.name
    return failure(
      "warehouse_start_failed",
      "the SQL warehouse \(name) could not be started: \(state.failure.map(line) ?? "it stays \(state.state)"); look at its events in the workspace, and start it there",
      .needsOperator
    )
  }

  static func startTimedOut(_ id: String, after limit: Duration) -> Failure {
    failure(
      "warehouse_start_timeout",
      "the SQL warehouse \(id) did not start within \(limit.components.seconds) seconds; look at its events in the workspace, or use a serverless one",
      .failRun
    )
  }

  // MARK: Statements

  /// Of a statement that ended without a result.
  static func ended(_ answer: DatabricksAnswer, source: String) -> Failure {
    switch answer.state {
    case .canceled:
      return failure(
        "query_cancelled",
        "reading \(source) was cancelled in the workspace; the next run reads on from the last row that is applied",
        .failRun
      )
    case .failed:
      guard let error = answer.error else { break }
      return failed(error.code, error.message, error.sqlState, source)
    default: break
    }
    return failure(
      "result_expired",
      "the workspace let the result of reading \(source) go; the next run reads on from the last row that is applied",
      .failRun
    )
  }

  private static func failed(
    _ code: String,
    _ message: String,
    _ sqlState: String?,
    _ source: String
  ) -> Failure {
    let error = DatabricksErrorText(message, sqlState: sqlState)
    let cause = "\(code) [\(error.name)] SQLSTATE \(error.sqlState)"
    let words = line(error.words)
    func says(_ code: String, _ text: String, _ recovery: Recovery) -> Failure {
      failure(code, text, recovery, cause: cause)
    }
    // A class may have a part behind a dot: UNRESOLVED_COLUMN.WITH_SUGGESTION.
    let group = error.name.prefix { $0 != "." }
    switch (group, error.sqlState) {
    case ("TABLE_OR_VIEW_NOT_FOUND", _), (_, "42P01"):
      return says("table_not_found", "\(source): \(words)", .needsOperator)
    case ("SCHEMA_NOT_FOUND", _), ("NO_SUCH_CATALOG_EXCEPTION", _), ("CATALOG_NOT_FOUND", _),
      (_, "42704"):
      return says("schema_not_found", "\(source): \(words)", .needsOperator)
    case ("INSUFFICIENT_PERMISSIONS", _), ("PERMISSION_DENIED", _), (_, "42501"):
      let what = error.words.split(whereSeparator: \.isNewline).map(String.init).joined(
        separator: " "
      )
      return says(
        "permission_denied",
        "\(source) may not be read: \(line(what)); grant SELECT on it, USE SCHEMA and USE CATALOG",
        .needsOperator
      )
    case ("UNRESOLVED_COLUMN", _), (_, "42703"):
      return says("column_missing", "\(source): \(words); correct it", .needsOperator)
    case (_, _) where error.sqlState.hasPrefix("22"):
      // Texts of class 22, data exceptions, quote values of the row.
      let name = error.name.isEmpty ? "SQLSTATE \(error.sqlState)" : error.name
      return says(
        "query_failed",
        "reading \(source) failed: the data cannot be read (\(name)); run it in the workspace's editor to find the row",
        .failRun
      )
    case (_, _)
    where error.sqlState.hasPrefix("42") || error.sqlState.hasPrefix("0A"):
      return says(
        "query_failed",
        "\(source) cannot be read: \(words) (\(error.name)); correct the query or the view",
        .needsOperator
      )
    default: break
    }
    switch code {
    case "TEMPORARILY_UNAVAILABLE", "WORKSPACE_TEMPORARILY_UNAVAILABLE", "RESOURCE_EXHAUSTED",
      "SERVICE_UNDER_MAINTENANCE", "IO_ERROR", "ABORTED", "INTERNAL_ERROR":
      return says("query_failed", "reading \(source) failed: \(words); try again later", .retry)
    case "UNAUTHENTICATED":
      return says(
        "login_refused",
        "reading \(source) was refused: \(words); make a new token and put it into the credential",
        .needsOperator
      )
    default:
      return says(
        "query_failed",
        "reading \(source) failed: \(words); look at the statement in the workspace's query history",
        .failRun
      )
    }
  }
}

/// `[CLASS] text SQLSTATE: 42P01`, taken apart: older answers have the state in the text only (B.3).
struct DatabricksErrorText: Equatable {
  /// Empty where there is none.
  var name = ""
  var words: String
  var sqlState: String

  init(_ message: String, sqlState: String?) {
    var rest = message[...]
    if let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") {
      let inner = rest[rest.index(after: open)..<close]
      let isClass =
        !inner.isEmpty
        && inner.utf8.allSatisfy {
          (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
            || $0 == UInt8(ascii: ".")
        }
      if isClass {
        name = String(inner)
        rest = rest[rest.index(after: close)...].drop { $0 == " " }
      }
    }
    var state = ""
    var end = rest.endIndex
    let mark = "SQLSTATE: "
    var start = rest.startIndex
    while start < rest.endIndex {
      if rest[start...].hasPrefix(mark) {
        state = String(rest[rest.index(start, offsetBy: mark.count)...].prefix(5))
        end = start
      }
      start = rest.index(after: start)
    }
    words = String(rest[..<end])
    self.sqlState = sqlState ?? state
  }
}
