import SyncModel
import Warehouse

/// What BigQuery answered instead of a result. The reason decides, not the HTTP status: 403 is both
/// "later" and "never" (warehouses.md, C.5).
struct BigQueryError: Error {
  var status: Int
  var reason: String
  var message: String

  init(status: Int, reason: String, message: String) {
    self.status = status
    self.reason = reason
    self.message = message
  }

  /// Reads an error's body; what is none, as of a gateway, has no reason.
  init(status: Int, body: [UInt8]) {
    let error = JSONValue(body)?["error"]
    let first = error?["errors"]?.elements.first
    self.init(
      status: status,
      reason: first?["reason"]?.string ?? "",
      message: error?["message"]?.string ?? "HTTP status \(status) without a message"
    )
  }

  /// A job's `status.errorResult`.
  init?(job: JSONValue) {
    guard let error = job["status"]?["errorResult"] else { return nil }
    self.init(
      status: 200,
      reason: error["reason"]?.string ?? "",
      message: error["message"]?.string ?? "the job failed without a message"
    )
  }

  enum Remedy: Equatable {
    /// The same call again, later.
    case callAgain
    /// A new job with the same statement.
    case newJob
    /// A new access token, once.
    case newToken
    case none
  }

  var remedy: Remedy {
    switch reason {
    case "rateLimitExceeded", "backendError", "internalError", "badGateway": .callAgain
    case "jobBackendError", "jobInternalError", "jobRateLimitExceeded": .newJob
    // A job may be unknown for a moment after it was inserted (python-bigquery #2134).
    case "notFound" where isOf("Job"): .callAgain
    case "authError": .newToken
    case "" where status == 401: .newToken
    case "" where [408, 429, 500, 502, 503, 504].contains(status): .callAgain
    default: .none
    }
  }

  /// `Not found: Job …` and its like.
  private func isOf(_ kind: String) -> Bool { message.contains("\(kind) ") }

  /// The sentence for people.
  /// - Parameters:
  ///   - source: `table "p.d.t"`, or `the query`.
  ///   - project: the one that is billed.
  func failure(source: String, project: String) -> Failure {
    let (code, sentence, recovery) = explained(source: source, project: project)
    return Failure(
      code,
      sentence,
      recovery: recovery,
      cause: "HTTP \(status), reason \(reason.isEmpty ? "none" : reason)"
    )
  }

  private func explained(source: String, project: String) -> (String, String, Recovery) {
    switch reason {
    case "notFound": return notFound(source: source)
    case "accessDenied": return accessDenied(source: source, project: project)
    case "rateLimitExceeded":
      return (
        "rate_limited", "BigQuery takes no more calls for the moment: \(message)", .retry
      )
    case "quotaExceeded":
      return (
        "quota_exceeded",
        "a quota of project \(project) is used up, so this run ends and the next one tries again: "
          + message, .failRun
      )
    case "bytesBilledLimitExceeded":
      return (
        "bytes_limit_exceeded",
        "reading \(source) would be billed more bytes than the setting \"maximumBytesBilled\" "
          + "allows: \(message); raise it, or partition the table by UPDATED_AT", .needsOperator
      )
    case "invalidQuery" where message.contains("partition elimination"):
      return (
        "partition_filter_required",
        "\(source) may only be queried with a filter on its partition column, which is not "
          + "UPDATED_AT: \(message); partition it by UPDATED_AT, or turn require_partition_filter off",
        .needsOperator
      )
    case "invalidQuery", "invalid", "parseError", "required":
      return ("query_failed", "\(source) cannot be read: \(message)", .needsOperator)
    case "resourcesExceeded":
      return (
        "resources_exceeded", "BigQuery has not enough memory to read \(source): \(message)",
        .failRun
      )
    case "responseTooLarge":
      return (
        "response_too_large",
        "a row of \(source) is larger than BigQuery's API can answer: \(message)", .needsOperator
      )
    case "timeout":
      return (
        "query_timeout",
        "reading \(source) took longer than half a minute, which is as long as one look may take: "
          + "\(message); cluster the table by the column that names the user, or ask again",
        .failRun
      )
    case "stopped":
      return ("query_cancelled", "reading \(source) was cancelled: \(message)", .failRun)
    case "billingNotEnabled":
      return (
        "billing_not_enabled",
        "project \(project) has no billing account, which queries need: \(message)", .needsOperator
      )
    case "authError": return unauthenticated(project: project)
    case "jobBackendError", "jobInternalError", "jobRateLimitExceeded":
      return (
        "warehouse_unavailable", "BigQuery failed twice at reading \(source): \(message)", .retry
      )
    case "backendError", "internalError", "badGateway":
      return ("warehouse_unavailable", "BigQuery does not work at the moment: \(message)", .retry)
    default:
      if status == 401 { return unauthenticated(project: project) }
      let passes = remedy == .callAgain
      return (
        passes ? "warehouse_unavailable" : "query_failed",
        "BigQuery answered \(reason.isEmpty ? "status \(status)" : reason) to reading \(source): "
          + message, passes ? .retry : .failRun
      )
    }
  }

  private func unauthenticated(project: String) -> (String, String, Recovery) {
    (
      "login_refused",
      "BigQuery refused a fresh access token for project \(project): \(message)", .needsOperator
    )
  }

  private func notFound(source: String) -> (String, String, Recovery) {
    if isOf("Job") {
      return (
        "job_not_found", "BigQuery lost the job that was reading \(source): \(message)", .failRun
      )
    }
    if isOf("Dataset") {
      return (
        "schema_not_found",
        "the dataset of \(source) is not there: \(message); check the name, and the setting "
          + "\"location\"", .needsOperator
      )
    }
    if isOf("Project") {
      return ("project_not_found", "\(message); check the project's id", .needsOperator)
    }
    return (
      "table_not_found", "there is no table or view of that name: \(source): \(message)",
      .needsOperator
    )
  }

  private func accessDenied(source: String, project: String) -> (String, String, Recovery) {
    if message.contains("bigquery.jobs.create") {
      return (
        "permission_denied",
        "the service account may not run queries in project \(project): \(message); grant it the "
          + "role BigQuery Job User there", .needsOperator
      )
    }
    if message.contains("has not enabled BigQuery") || message.contains("API has not been used") {
      return ("api_disabled", "\(message); enable the BigQuery API in the project", .needsOperator)
    }
    return (
      "permission_denied",
      "\(source) may not be read: \(message); grant the service account the role BigQuery Data "
        + "Viewer on it or on its dataset", .needsOperator
    )
  }
}
