import HTTPFetch
import SyncModel
import Warehouse

/// Calls of BigQuery's REST v2: signed in, made again by the error's reason.
///
/// Every call may arrive twice: reads by nature, a job's insertion by its id.
final class BigQueryAPI: Sendable {
  let settings: BigQuerySettings
  let world: World
  /// The service account's address; empty where it is not known.
  let account: String
  /// Of every job: `labels` of its configuration.
  let labels: JSONValue
  private let client: HTTPClient
  private let access: GoogleAccess
  private let policy: FetchRetryPolicy

  init(
    _ settings: BigQuerySettings,
    client: HTTPClient,
    access: GoogleAccess,
    policy: FetchRetryPolicy,
    world: World,
    account: String,
    tag: QueryTag
  ) {
    self.settings = settings
    self.account = account
    labels = Self.labels(tag)
    self.client = client
    self.access = access
    self.policy = policy
    self.world = world
  }

  var project: String { settings.project }

  /// BigQuery's rule for a label's value: at most 63 lower-case letters, digits, `_` and `-`. What is
  /// none of these becomes `_`.
  static func labels(_ tag: QueryTag) -> JSONValue {
    .object(
      tag.pairs.map { pair in
        let text = pair.value.utf8.map { byte in
          switch byte {
          case 97...122, 48...57, UInt8(ascii: "-"), UInt8(ascii: "_"): byte
          case 65...90: byte | 0x20
          default: UInt8(ascii: "_")
          }
        }
        return (pair.key, .string(String(decoding: text.prefix(63), as: UTF8.self)))
      }
    )
  }

  /// The sentence for people.
  /// - Parameter source: `table "p"."d"."t"`, or `the query`.
  func explained(_ error: BigQueryError, _ source: String) -> Failure {
    error.failure(source: source, project: project, account: account)
  }

  /// Signs in.
  func signIn() async throws { _ = try await access.token() }

  /// What a call is, before it is signed.
  struct Call: Sendable {
    var method: HTTPMethod
    /// After `/bigquery/v2/projects/`.
    var path: String
    var query: [(name: String, value: String)] = []
    var body: JSONValue?
    /// What is being done, for errors of the connection: `reading table "p.d.t"`.
    var purpose: String
  }

  /// The whole answer as a tree: for what is small.
  /// - Throws: `BigQueryError`, `Failure`, `CancellationError`.
  func answer(_ call: Call) async throws -> JSONValue {
    let bytes = try await perform(call) { response in try await response.collect(limit: 16 << 20) }
    guard let value = JSONValue(bytes) else {
      throw BigQueryFailure.badAnswer("\(call.purpose) was answered with what is no JSON")
    }
    return value
  }

  /// As `answer`, with a body that is read as it comes. `take` is called again when a body breaks off.
  func perform<Taken>(
    _ call: Call,
    _ take: (HTTPResponse) async throws -> Taken
  ) async throws -> Taken {
    let start = ContinuousClock.now
    var attempts = 0
    var isTokenFresh = false
    while true {
      attempts += 1
      let token = try await access.token()
      let outcome: FetchRetryPolicy.Outcome
      let problem: any Error
      do {
        let response = try await client.send(try request(call, token: token))
        if (200..<300).contains(response.status) { return try await take(response) }
        let body = try await response.collect(limit: 1 << 20)
        let error = BigQueryError(status: response.status, body: body)
        switch error.remedy {
        case .newToken where !isTokenFresh:
          isTokenFresh = true
          await access.forget(token)
          continue
        case .callAgain: break
        default: throw error
        }
        outcome = .status(503, retryAfter: response.headers["Retry-After"])
        problem = error
      } catch let error as FetchError {
        outcome = .failure(error)
        problem = BigQueryFailure.transport(error, what: call.purpose)
      }
      guard case .retry(let delay) = policy.decide(outcome, situation(attempts, start)) else {
        throw problem
      }
      try await Task.sleep(for: delay)
    }
  }

  private func situation(
    _ attempts: Int,
    _ start: ContinuousClock.Instant
  ) -> FetchRetryPolicy.Situation {
    FetchRetryPolicy.Situation(
      attempts: attempts,
      elapsed: ContinuousClock.now - start,
      isIdempotent: true,
      now: world.now(),
      random: .random(in: .min ... .max)
    )
  }

  private func request(_ call: Call, token: String) throws(FetchError) -> HTTPRequest {
    var target = "/bigquery/v2/projects/\(call.path)"
    var separator = "?"
    for (name, value) in call.query {
      target += "\(separator)\(name)=\(URLText.encoded(value))"
      separator = "&"
    }
    var request = HTTPRequest(call.method, try settings.endpoint.replacing(target: target))
    try request.headers.add("Authorization", "Bearer \(token)")
    try request.headers.add("Accept", "application/json")
    if call.method == .post {
      try request.headers.add("Content-Type", "application/json")
      request.body = call.body?.text ?? []
    }
    request.isIdempotent = true
    return request
  }

  /// Ends what is under way; later calls fail.
  func shutDown() { client.shutDown() }
}
