import HTTPFetch
import SyncModel
import Warehouse

/// One statement and its parameters.
struct BigQueryQuery: Sendable {
  struct Parameter: Sendable {
    var name: String
    var type: String
    var value: String
  }

  var text: String
  var parameters: [Parameter] = []
  /// For messages: `table "p"."d"."t"`.
  var source: String
  /// nil where BigQuery decides by the tables.
  var location: String?
  /// How long BigQuery may work on it; nil for as long as it takes.
  var limit: Duration?

  init(_ text: String, source: String, location: String?) {
    self.text = text
    self.source = source
    self.location = location
  }

  /// `configuration` of a job (jobs.insert).
  func configuration(_ api: BigQueryAPI, isDryRun: Bool) -> JSONValue {
    var query: [(key: String, value: JSONValue)] = [
      ("query", .string(text)),
      // The API's default is the old dialect.
      ("useLegacySql", .bool(false)),
    ]
    if !parameters.isEmpty {
      query.append(("parameterMode", .string("NAMED")))
      query.append(
        (
          "queryParameters",
          .array(
            parameters.map { parameter in
              .object([
                ("name", .string(parameter.name)),
                ("parameterType", .object([("type", .string(parameter.type))])),
                ("parameterValue", .object([("value", .string(parameter.value))])),
              ])
            }
          )
        )
      )
    }
    if let maximumBytes = api.settings.maximumBytesBilled, !isDryRun {
      query.append(("maximumBytesBilled", .string("\(maximumBytes)")))
    }
    var configuration: [(key: String, value: JSONValue)] = [
      ("query", .object(query)),
      // So that the customer sees our cost in the billing export (E.5).
      ("labels", api.labels),
    ]
    if let limit, !isDryRun {
      configuration.append(("jobTimeoutMs", .string("\(limit.components.seconds * 1000)")))
    }
    if isDryRun { configuration.append(("dryRun", .bool(true))) }
    return .object(configuration)
  }
}

/// A query job: inserted under an id of our own, so that an insertion whose answer was lost is found
/// again and not run twice, and can be cancelled before its answer has come.
struct BigQueryJob: Sendable {
  let id: String
  let project: String
  /// Every call about the job names it: elsewhere it is not found (warehouses.md, C.2).
  let location: String
  let source: String
  /// BigQuery's clock when it took the job, in whole milliseconds: not after the snapshot that is read.
  let created: Timestamp

  /// Inserts a job. That the statement is wrong shows when its rows are asked for.
  /// - Throws: `BigQueryError`, `Failure`, `CancellationError`.
  static func start(_ query: BigQueryQuery, api: BigQueryAPI) async throws -> BigQueryJob {
    let id = "sluice_\(api.world.newID())"
    var reference: [(key: String, value: JSONValue)] = [
      ("projectId", .string(api.project)), ("jobId", .string(id)),
    ]
    if let location = query.location { reference.append(("location", .string(location))) }
    let body = JSONValue.object([
      ("jobReference", .object(reference)),
      ("configuration", query.configuration(api, isDryRun: false)),
    ])
    let project = URLText.encoded(api.project)
    let purpose = "querying \(query.source)"
    var resource: JSONValue
    do {
      resource = try await api.answer(
        .init(method: .post, path: "\(project)/jobs", body: body, purpose: purpose)
      )
    } catch let error as BigQueryError where error.reason == "duplicate" {
      // An answer was lost on the way: the job is there, and it is ours.
      resource = try await api.answer(
        .init(
          method: .get,
          path: "\(project)/jobs/\(id)",
          query: query.location.map { [("location", $0)] } ?? [],
          purpose: purpose
        )
      )
    }
    guard let location = resource["jobReference"]?["location"]?.string ?? query.location else {
      throw BigQueryFailure.badAnswer("a job without a location")
    }
    guard let milliseconds = resource["statistics"]?["creationTime"]?.integer else {
      throw BigQueryFailure.badAnswer("a job without a time of creation")
    }
    return BigQueryJob(
      id: id,
      project: api.project,
      location: location,
      source: query.source,
      created: Timestamp(
        clampingSeconds: milliseconds / 1000,
        nanoseconds: milliseconds % 1000 * 1_000_000
      )
    )
  }

  struct Check: Sendable {
    /// `schema.fields` of the result.
    var fields: [JSONValue]
    /// What the statement would read.
    var bytes: Int64
    var location: String?
  }

  /// A dry run: columns and bytes, without a result and without a bill.
  static func check(_ query: BigQueryQuery, api: BigQueryAPI) async throws -> Check {
    var members: [(key: String, value: JSONValue)] = [
      ("configuration", query.configuration(api, isDryRun: true))
    ]
    if let location = query.location {
      let reference: [(key: String, value: JSONValue)] = [
        ("projectId", .string(api.project)), ("location", .string(location)),
      ]
      members.append(("jobReference", .object(reference)))
    }
    let call = BigQueryAPI.Call(
      method: .post,
      path: "\(URLText.encoded(api.project))/jobs",
      body: .object(members),
      purpose: "checking \(query.source)"
    )
    do {
      let resource = try await api.answer(call)
      if let error = BigQueryError(job: resource) { throw error }
      let statistics = resource["statistics"]
      return Check(
        fields: statistics?["query"]?["schema"]?["fields"]?.elements ?? [],
        bytes: statistics?["query"]?["totalBytesProcessed"]?.integer
          ?? statistics?["totalBytesProcessed"]?.integer ?? 0,
        location: resource["jobReference"]?["location"]?.string
      )
    } catch let error as BigQueryError {
      throw api.explained(error, query.source)
    }
  }

  /// Asks for the job's end; whether it heard is not waited for.
  func cancel(api: BigQueryAPI) async {
    _ = try? await api.answer(
      .init(
        method: .post,
        path: "\(URLText.encoded(project))/jobs/\(id)/cancel",
        query: [("location", location)],
        purpose: "cancelling the query of \(source)"
      )
    )
  }
}
