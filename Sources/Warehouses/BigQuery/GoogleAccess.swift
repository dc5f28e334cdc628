import HTTPFetch
import SyncModel
import Warehouse

/// Access tokens of a service account: an assertion that the vault signs, exchanged at the key file's
/// token endpoint (RFC 7523), renewed before they end. The private key never comes here.
actor GoogleAccess {
  /// Enough for queries and reading their results (warehouses.md, C.1).
  static let scope = "https://www.googleapis.com/auth/bigquery"
  /// Google's own libraries renew so long before the end.
  static let margin = Duration.seconds(225)
  /// RFC 7523, section 4.
  private static let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"

  private struct Token {
    var value: String
    var renewal: ContinuousClock.Instant
  }

  private let client: HTTPClient
  private let signer: any WarehouseSigner
  private let policy: FetchRetryPolicy
  private let world: World
  private var current: Token?
  private var pending: Task<Token, any Error>?

  init(
    _ client: HTTPClient,
    signer: any WarehouseSigner,
    policy: FetchRetryPolicy,
    world: World
  ) {
    self.client = client
    self.signer = signer
    self.policy = policy
    self.world = world
  }

  /// A token that is good for minutes yet. Callers at once share one exchange.
  /// - Throws: `Failure`, `CancellationError`.
  func token() async throws -> String {
    if let current, current.renewal > .now { return current.value }
    let task = pending ?? Task { try await exchange() }
    pending = task
    // All callers belong to one connection: when one is cancelled, all are.
    let result = await withTaskCancellationHandler {
      await task.result
    } onCancel: {
      task.cancel()
    }
    if pending == task { pending = nil }
    if case .failure(is CancellationError) = result, !Task.isCancelled {
      // Another caller was cancelled, and the exchange with it.
      return try await self.token()
    }
    let token = try result.get()
    current = token
    return token.value
  }

  /// A server did not take `token`: the next call gets another one.
  func forget(_ token: String) {
    if let current, current.value.utf8.elementsEqual(token.utf8) { self.current = nil }
  }

  private func exchange() async throws -> Token {
    let login = try await signer.googleAssertion(scope: Self.scope, audience: "")
    var request: HTTPRequest
    do {
      request = HTTPRequest(.post, try HTTPURL(login.tokenURI))
      try request.headers.add("Content-Type", "application/x-www-form-urlencoded")
      try request.headers.add("Accept", "application/json")
    } catch {
      throw Failure(
        "invalid_credential",
        "the key file's \"token_uri\" cannot be used: \(error.message); make a new key file and rotate "
          + "the credential",
        recovery: .needsOperator
      )
    }
    let form = "grant_type=\(URLText.encoded(Self.grant))&assertion="
    request.body = Array(form.utf8) + login.token
    // The same assertion may be exchanged any number of times.
    request.isIdempotent = true
    let begin = ContinuousClock.now
    let (status, body) = try await sent(request)
    guard status == 200 else { throw Self.refusal(status, body, host: "\(request.url.host)") }
    let answer = JSONValue(body)
    guard let value = answer?["access_token"]?.string, !value.isEmpty,
      value.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else {
      throw Failure(
        "login_failed",
        "\(request.url.host) answered no access token; see that it is Google's token endpoint",
        recovery: .failRun
      )
    }
    let life = Duration.seconds(min(max(answer?["expires_in"]?.integer ?? 0, 0), 86_400))
    // A token that lives shorter than the margin is used up to half its life.
    return Token(
      value: value,
      renewal: begin + (life > Self.margin ? life - Self.margin : life / 2)
    )
  }

  /// Sends until an answer says neither "later" nor nothing.
  private func sent(_ request: HTTPRequest) async throws -> (Int, [UInt8]) {
    let start = ContinuousClock.now
    var attempts = 0
    while true {
      attempts += 1
      let outcome: FetchRetryPolicy.Outcome
      let last: Result<(Int, [UInt8]), FetchError>
      do {
        let response = try await client.send(request)
        let body = try await response.collect(limit: 65_536)
        let mayPass = Self.mayPass(response.status, body)
        last = .success((response.status, body))
        guard mayPass else { return (response.status, body) }
        outcome = .status(503, retryAfter: response.headers["Retry-After"])
      } catch let error as FetchError {
        outcome = .failure(error)
        last = .failure(error)
      }
      let situation = FetchRetryPolicy.Situation(
        attempts: attempts,
        elapsed: ContinuousClock.now - start,
        isIdempotent: true,
        now: world.now(),
        random: .random(in: .min ... .max)
      )
      guard case .retry(let delay) = policy.decide(outcome, situation) else {
        switch last {
        case .success(let answer): return answer
        case .failure(let error):
          throw BigQueryFailure.transport(error, what: "signing in at \(request.url.host)")
        }
      }
      try await Task.sleep(for: delay)
    }
  }

  /// google-auth's rule: these statuses, and these errors whatever their status.
  private static func mayPass(_ status: Int, _ body: [UInt8]) -> Bool {
    if [408, 429, 500, 502, 503, 504].contains(status) { return true }
    guard status != 200 else { return false }
    let error = JSONValue(body)?["error"]?.string ?? ""
    return ["internal_failure", "server_error", "temporarily_unavailable"].contains(error)
  }

  private static func refusal(_ status: Int, _ body: [UInt8], host: String) -> Failure {
    let answer = JSONValue(body)
    let code = answer?["error"]?.string ?? "status \(status)"
    let text = answer?["error_description"]?.string ?? "without a description"
    let cause = "HTTP \(status), error \(code)"
    if mayPass(status, body) {
      return Failure(
        "warehouse_unavailable",
        "\(host) gives no access tokens at the moment: \(text) (\(code)); it is tried again",
        recovery: .retry,
        cause: cause
      )
    }
    guard code == "invalid_grant" else {
      return Failure(
        "login_refused",
        "\(host) refused the service account: \(text) (\(code)); make a new key of it and rotate the "
          + "credential",
        recovery: .needsOperator,
        cause: cause
      )
    }
    return Failure(
      "login_refused",
      "\(host) does not know the service account's key: \(text) (invalid_grant); the key was "
        + "deleted or the account disabled, or the clock of the vault is wrong; make a new key and "
        + "rotate the credential",
      recovery: .needsOperator,
      cause: cause
    )
  }
}
