import HTTPFetch
import SyncModel
import Synchronization
import TestSupport
import Testing

/// The policy as a value, its dates, and requests that it sends again.
struct FetchRetryTests {
  private func situation(
    attempts: Int = 1,
    elapsed: Duration = .zero,
    isIdempotent: Bool = true,
    random: UInt64 = .max
  ) -> FetchRetryPolicy.Situation {
    FetchRetryPolicy.Situation(
      attempts: attempts,
      elapsed: elapsed,
      isIdempotent: isIdempotent,
      now: SimulatedWorld.start,
      random: random
    )
  }

  private func decide(
    _ status: Int,
    after: String? = nil,
    _ situation: FetchRetryPolicy.Situation,
    policy: FetchRetryPolicy = FetchRetryPolicy()
  ) -> FetchRetryPolicy.Decision {
    policy.decide(.status(status, retryAfter: after), situation)
  }

  @Test(arguments: [200, 201, 202, 204, 301, 304, 400, 401, 403, 404, 409, 413, 422, 501])
  func answersThatStand(status: Int) {
    #expect(decide(status, situation()) == .accept)
  }

  @Test func fullJitterDoublesUpToItsBound() {
    let waits = (1...9).map { decide(503, situation(attempts: min($0, 4))) }
    #expect(waits[0] == .retry(after: .milliseconds(500)))
    #expect(waits[1] == .retry(after: .seconds(1)))
    #expect(waits[2] == .retry(after: .seconds(2)))
    #expect(waits[3] == .retry(after: .seconds(4)))
    let patient = FetchRetryPolicy(maximumAttempts: 1000)
    #expect(decide(503, situation(attempts: 999), policy: patient) == .retry(after: .seconds(30)))
    #expect(decide(503, situation(random: 0)) == .retry(after: .zero))
    #expect(decide(503, situation(random: 1 << 63)) == .retry(after: .milliseconds(250)))
  }

  @Test func theServerIsWaitedFor() {
    #expect(decide(429, after: "7", situation(random: 0)) == .retry(after: .seconds(7)))
    #expect(decide(429, after: " 7 ", situation()) == .retry(after: .milliseconds(7500)))
    let date = "Mon, 01 Jan 2024 00:00:09 GMT"
    #expect(decide(503, after: date, situation(random: 0)) == .retry(after: .seconds(9)))
    #expect(decide(503, after: "301", situation()) == .giveUp(.retryAfter))
    #expect(decide(503, after: "99999999999999999999", situation()) == .giveUp(.retryAfter))
    // What is no wait is no reason to hurry.
    #expect(decide(503, after: "soon", situation()) == .retry(after: .milliseconds(500)))
    #expect(decide(503, after: "-5", situation()) == .retry(after: .milliseconds(500)))
  }

  @Test func attemptsAndTimeEnd() {
    #expect(decide(503, situation(attempts: 5)) == .giveUp(.attempts))
    let hurried = FetchRetryPolicy(deadline: .seconds(10))
    #expect(
      decide(503, situation(elapsed: .seconds(9)), policy: hurried)
        == .retry(after: .milliseconds(500))
    )
    #expect(
      decide(503, situation(elapsed: .milliseconds(9500)), policy: hurried) == .giveUp(.deadline)
    )
    #expect(decide(503, after: "11", situation(), policy: hurried) == .giveUp(.deadline))
    #expect(decide(503, situation(), policy: .never) == .giveUp(.attempts))
  }

  @Test func whatMayHaveHadItsEffectIsNotRepeated() {
    let once = situation(isIdempotent: false)
    #expect(decide(502, once) == .giveUp(.ambiguous))
    #expect(decide(504, once) == .giveUp(.ambiguous))
    #expect(decide(429, once) == .retry(after: .milliseconds(500)))
    let lost = FetchError(.connectionLost, "", mayHaveArrived: true)
    #expect(FetchRetryPolicy().decide(.failure(lost), once) == .giveUp(.ambiguous))
    #expect(
      FetchRetryPolicy().decide(.failure(lost), situation()) == .retry(after: .milliseconds(500))
    )
    let unsent = FetchError(.cannotConnect, "")
    #expect(FetchRetryPolicy().decide(.failure(unsent), once) == .retry(after: .milliseconds(500)))
  }

  @Test(arguments: [
    FetchError.Kind.invalidRequest, .notAllowed, .tls, .bodyTooLarge, .headersTooLarge, .refused,
    .closed,
    .protocolViolation,
  ])
  func errorsThatStay(kind: FetchError.Kind) {
    #expect(
      FetchRetryPolicy().decide(.failure(FetchError(kind, "")), situation()) == .giveUp(.permanent)
    )
  }

  @Test(
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
      ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Fri, 01-Jan-27 00:00:00 GMT", 1_798_761_600),
      ("Sun, 31 Dec 2023 23:59:60 GMT", 1_704_067_200), ("Sun, 06 Nov 1994 08:49:37 CET", nil),
      ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 25:49:37 GMT", nil), ("", nil),
      ("Sun, 06 Now 1994 08:49:37 GMT", nil), ("1994-11-06T08:49:37Z", nil),
      ("Sun, 06 Nov 99999 08:49:37 GMT", nil), ("Sun, +6 Nov 1994 08:49:37 GMT", nil),
    ] as [(String, Int64?)]
  )
  func dates(text: String, seconds: Int64?) {
    let expected = seconds.map { Timestamp(nanoseconds: $0 * 1_000_000_000) }
    #expect(HTTPDate.parse(text, now: SimulatedWorld.start) == expected)
  }

  @Test func theBudgetIsUsedUpAndEarnedBack() {
    var budget = FetchRetryBudget(tokens: 2, perAnswer: 0.5)
    let taken = [budget.takeRetry(), budget.takeRetry(), budget.takeRetry()]
    #expect(taken == [true, true, false])
    budget.answered()
    let early = budget.takeRetry()
    budget.answered()
    let late = budget.takeRetry()
    #expect((early, late) == (false, true))
  }

  private final class Waits: Sendable {
    let list = Mutex<[Duration]>([])

    var pace: FetchRetrier.Pace {
      FetchRetrier.Pace(random: { .max }, sleep: { wait in self.list.withLock { $0.append(wait) } })
    }
  }

  private func retrier(
    _ waits: Waits,
    _ policy: FetchRetryPolicy = FetchRetryPolicy(),
    budget: FetchRetryBudget = FetchRetryBudget()
  ) throws -> FetchRetrier {
    try FetchRetrier(
      .local(),
      policy: policy,
      budget: budget,
      world: .simulated(),
      pace: waits.pace
    )
  }

  @Test func aBusyServerIsAskedAgain() async throws {
    let server = try TestServer()
    let waits = Waits()
    let retrier = try retrier(waits)
    let answer = try await retrier.fetch(HTTPRequest(.get, server.url("/flaky/a/3")), limit: 10)
    #expect(answer.response.status == 200)
    #expect(answer.body == Array("well".utf8))
    #expect(waits.list.withLock { $0 } == [.milliseconds(500), .seconds(1), .seconds(2)])
  }

  @Test func theLastAnswerIsGiven() async throws {
    let server = try TestServer()
    let waits = Waits()
    let response = try await retrier(waits, FetchRetryPolicy(maximumAttempts: 2))
      .send(HTTPRequest(.get, server.url("/status/503/4")))
    #expect(response.status == 503)
    #expect(try await response.collect(limit: 10) == Array("so".utf8))
    #expect(waits.list.withLock { $0 } == [.milliseconds(4500)])
  }

  @Test func aCutBodyIsFetchedAgainAndAPostIsNot() async throws {
    let server = try TestServer()
    let waits = Waits()
    let retrier = try retrier(waits, FetchRetryPolicy(maximumAttempts: 3))
    _ = await failure(.truncated) {
      _ = try await retrier.fetch(HTTPRequest(.get, server.url("/half")), limit: 1000)
    }
    #expect(try server.counts()["GET /half"] == 3)
    _ = await failure(.truncated) {
      _ = try await retrier.fetch(HTTPRequest(.post, server.url("/half")), limit: 1000)
    }
    #expect(try server.counts()["POST /half"] == 1)
  }

  @Test func anEmptyBudgetEndsRetries() async throws {
    let server = try TestServer()
    let waits = Waits()
    let retrier = try retrier(waits, budget: FetchRetryBudget(tokens: 1))
    let response = try await retrier.send(HTTPRequest(.get, server.url("/status/503")))
    #expect(response.status == 503)
    #expect(try server.counts()["GET /status/503"] == 2)
  }
}
