import SyncModel
import Warehouse

/// What a person reads, by the error's reason: what is wrong, where, and what to do (warehouses.md, C.5).
extension BigQueryError {
  /// - Parameters:
  ///   - source: `table "p"."d"."t"`, or `the query`.
  ///   - project: the one that is billed.
  ///   - account: the service account's address, for statements that mend; empty where it is not known.
  func failure(source: String, project: String, account: String = "") -> Failure {
    let (code, sentence, recovery) = explained(source, project, account)
    return Failure(
      code,
      sentence,
      recovery: recovery,
      cause: "HTTP \(status), reason \(reason.isEmpty ? "none" : reason)"
    )
  }

  /// Google's, without the dot at its end: a sentence goes on.
  private var words: Substring { message.hasSuffix(".") ? message.dropLast() : message[...] }

  private typealias Sentence = (code: String, text: String, recovery: Recovery)

  private func explained(_ source: String, _ project: String, _ account: String) -> Sentence {
    switch reason {
    case "notFound": notFound(source)
    case "accessDenied": accessDenied(source, project, account)
    case "rateLimitExceeded":
      (
        "rate_limited",
        "BigQuery takes no more calls for the moment: \(words); it is tried again, and less often "
          + "if fewer syncs run at once", .retry
      )
    case "quotaExceeded":
      (
        "quota_exceeded",
        "a quota of project \(project) is used up, so this run ends and the next one tries again: "
          + "\(words)", .failRun
      )
    case "billingNotEnabled":
      (
        "billing_not_enabled",
        "project \(project) has no billing account, which queries need: \(words); link one in the "
          + "console", .needsOperator
      )
    case "authError": unauthenticated(project)
    case "backendError", "internalError", "badGateway": unavailable
    case "bytesBilledLimitExceeded", "invalidQuery", "invalid", "parseError", "required",
      "resourcesExceeded", "responseTooLarge", "timeout", "stopped", "jobBackendError",
      "jobInternalError", "jobRateLimitExceeded":
      job(source)
    default: unknown(source, project)
    }
  }

  /// What the statement itself met.
  private func job(_ source: String) -> Sentence {
    switch reason {
    case "bytesBilledLimitExceeded":
      (
        "bytes_limit_exceeded",
        "reading \(source) would be billed more bytes than the setting \"maximumBytesBilled\" "
          + "allows: \(words); raise it, or partition the table by UPDATED_AT", .needsOperator
      )
    case "invalidQuery" where message.contains("partition elimination"):
      (
        "partition_filter_required",
        "\(source) may only be queried with a filter on its partition column, which is not "
          + "UPDATED_AT: \(words); partition it by UPDATED_AT, or turn require_partition_filter off",
        .needsOperator
      )
    case "resourcesExceeded":
      (
        "resources_exceeded",
        "BigQuery has not enough memory to read \(source), not even a slice of time: \(words); read "
          + "fewer rows or columns of it through a view", .failRun
      )
    case "responseTooLarge":
      (
        "response_too_large",
        "a row of \(source) is larger than BigQuery's API can answer: \(words); make its PAYLOAD "
          + "smaller, or leave the row out by a view", .needsOperator
      )
    case "timeout":
      (
        "query_timeout",
        "reading \(source) took longer than half a minute, which is as long as one look may take: "
          + "\(words); cluster the table by the column that names the user, or ask again", .failRun
      )
    case "stopped":
      (
        "query_cancelled",
        "reading \(source) was cancelled in the project: \(words); the next run reads it again",
        .failRun
      )
    case "jobBackendError", "jobInternalError", "jobRateLimitExceeded":
      (
        "warehouse_unavailable",
        "BigQuery failed twice at reading \(source): \(words); it is tried again", .retry
      )
    default:
      (
        "query_failed",
        "\(source) cannot be read: \(words); correct what is selected, then test the source again",
        .needsOperator
      )
    }
  }

  private var unavailable: Sentence {
    (
      "warehouse_unavailable",
      "BigQuery does not work at the moment: \(words); it is tried again", .retry
    )
  }

  private func unknown(_ source: String, _ project: String) -> Sentence {
    if status == 401 { return unauthenticated(project) }
    let passes = remedy == .callAgain
    return (
      passes ? "warehouse_unavailable" : "query_failed",
      "BigQuery answered \(reason.isEmpty ? "status \(status)" : reason) to reading \(source): "
        + words + (passes ? "; it is tried again" : "; see BigQuery's page of error messages"),
      passes ? .retry : .failRun
    )
  }

  private func unauthenticated(_ project: String) -> Sentence {
    (
      "login_refused",
      "BigQuery refused a fresh access token for project \(project): \(words); see that the service "
        + "account is not disabled", .needsOperator
    )
  }

  private func notFound(_ source: String) -> Sentence {
    if isOf("Job") {
      return (
        "job_not_found",
        "BigQuery lost the job that was reading \(source): \(words); the next run starts another",
        .failRun
      )
    }
    if isOf("Dataset") {
      return (
        "schema_not_found",
        "the dataset of \(source) is not there: \(words); check the name, and the setting "
          + "\"location\"", .needsOperator
      )
    }
    if isOf("Project") {
      return ("project_not_found", "\(words); check the project's id", .needsOperator)
    }
    return (
      "table_not_found",
      "there is no table or view of that name: \(source): \(words); check how it is written, or "
        + "make it with the statement of sluice setup bigquery", .needsOperator
    )
  }

  private func accessDenied(_ source: String, _ project: String, _ account: String) -> Sentence {
    let member = account.isEmpty ? "" : " --member=serviceAccount:\(account)"
    if message.contains("bigquery.jobs.create") {
      return (
        "permission_denied",
        "the service account may not run queries in project \(project): \(words); grant it the "
          + "role BigQuery Job User there: gcloud projects add-iam-policy-binding \(project) "
          + "--role=roles/bigquery.jobUser\(member)", .needsOperator
      )
    }
    if message.contains("has not enabled BigQuery") || message.contains("API has not been used") {
      return (
        "api_disabled",
        "\(words); enable the BigQuery API in project \(project): gcloud services enable "
          + "bigquery.googleapis.com --project=\(project)", .needsOperator
      )
    }
    let grant = deniedDataset.map {
      ": GRANT `roles/bigquery.dataViewer` ON SCHEMA \($0) TO \"serviceAccount:\(account)\""
    }
    return (
      "permission_denied",
      "\(source) may not be read: \(words); grant the service account the role BigQuery Data "
        + "Viewer on it or on its dataset\(account.isEmpty ? "" : grant ?? "")", .needsOperator
    )
  }

  /// Of `Access Denied: Table p:d.t: …`, as SQL writes it; nil where the message has none.
  private var deniedDataset: String? {
    guard let start = message.firstRange(of: "Table ")?.upperBound else { return nil }
    let rest = message[start...]
    guard let end = rest.firstRange(of: ": ")?.lowerBound ?? rest.firstIndex(of: " "),
      let dot = rest[..<end].lastIndex(of: "."),
      let colon = rest[..<dot].lastIndex(of: ":")
    else { return nil }
    let path = "\(rest[..<colon]).\(rest[rest.index(after: colon)..<dot])"
    return BigQuerySettings.isPlain(path) ? BigQuerySQL.quoted(path) : nil
  }
}
