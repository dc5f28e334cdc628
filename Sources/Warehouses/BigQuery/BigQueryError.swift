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
  func isOf(_ kind: String) -> Bool { message.contains("\(kind) ") }
}
