public import SyncModel
import Synchronization

/// Sends requests again as a policy says. One for each peer, as its budget is the peer's.
public final class FetchRetrier: Sendable {
  /// Randomness and waiting come from outside, as `World`'s time does.
  public struct Pace: Sendable {
    public var random: @Sendable () -> UInt64
    public var sleep: @Sendable (Duration) async throws -> Void

    public init(
      random: @escaping @Sendable () -> UInt64,
      sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
      self.random = random
      self.sleep = sleep
    }

    public static let system = Pace(
      random: { UInt64.random(in: .min ... .max) },
      sleep: { try await Task.sleep(for: $0) }
    )
  }

  private let client: HTTPClient
  private let policy: FetchRetryPolicy
  private let world: World
  private let pace: Pace
  private let budget: Mutex<FetchRetryBudget>

  public init(
    _ client: HTTPClient,
    policy: FetchRetryPolicy = FetchRetryPolicy(),
    budget: FetchRetryBudget = FetchRetryBudget(),
    world: World,
    pace: Pace = .system
  ) {
    self.client = client
    self.policy = policy
    self.world = world
    self.pace = pace
    self.budget = Mutex(budget)
  }

  /// The first head that needs no retry, or the last one. Its body is not read: what goes wrong there
  /// is the reader's.
  /// - Throws: the last attempt's `FetchError`; `CancellationError`.
  public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await attempt(request) { $0 }
  }

  /// Head and whole body; a body that breaks off is fetched again like an answer that did not come.
  /// - Throws: as `send`, and `bodyTooLarge` when it has more than `limit` bytes.
  public func fetch(
    _ request: HTTPRequest,
    limit: Int
  ) async throws -> (response: HTTPResponse, body: [UInt8]) {
    try await attempt(request) { ($0, try await $0.collect(limit: limit)) }
  }

  private func attempt<Answer>(
    _ request: HTTPRequest,
    _ take: (HTTPResponse) async throws -> Answer
  ) async throws -> Answer {
    let start = ContinuousClock.now
    var attempts = 0
    while true {
      attempts += 1
      var outcome: FetchRetryPolicy.Outcome
      let last: Result<HTTPResponse, FetchError>
      do {
        let response = try await client.send(request)
        outcome = .status(response.status, retryAfter: response.headers["Retry-After"])
        if decide(outcome, request, attempts: attempts, since: start) == .accept {
          let answer = try await take(response)
          budget.withLock { $0.answered() }
          return answer
        }
        last = .success(response)
      } catch let error as FetchError {
        outcome = .failure(error)
        last = .failure(error)
      }
      let decision = decide(outcome, request, attempts: attempts, since: start)
      guard case .retry(let delay) = decision, budget.withLock({ $0.takeRetry() }) else {
        return try await take(last.get())
      }
      // Lets the connection go before the wait; one whose body came already is kept.
      if case .success(let response) = last { response.body.cancel() }
      try await pace.sleep(delay)
    }
  }

  private func decide(
    _ outcome: FetchRetryPolicy.Outcome,
    _ request: HTTPRequest,
    attempts: Int,
    since start: ContinuousClock.Instant
  ) -> FetchRetryPolicy.Decision {
    policy.decide(
      outcome,
      FetchRetryPolicy.Situation(
        attempts: attempts,
        elapsed: ContinuousClock.now - start,
        isIdempotent: request.isIdempotent,
        now: world.now(),
        random: pace.random()
      )
    )
  }
}
