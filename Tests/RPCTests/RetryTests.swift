import Testing

@testable import RPC

@Suite("What is made again, and how often (gRFC A6)")
struct RetryTests {
  private let policy = RetryPolicy()

  private func delay(
    after error: RPCError,
    isIdempotent: Bool = true,
    _ progress: inout RetryProgress,
    _ budget: inout RetryBudget
  ) -> Duration? {
    progress.delay(
      after: error,
      isIdempotent: isIdempotent,
      policy: policy,
      budget: &budget,
      random: 0.5
    )
  }

  private func firstDelay(after error: RPCError, isIdempotent: Bool = true) -> Duration? {
    var progress = RetryProgress()
    var budget = RetryBudget(policy)
    return delay(after: error, isIdempotent: isIdempotent, &progress, &budget)
  }

  @Test("only UNAVAILABLE, and only of idempotent methods", arguments: RPCCode.allCases)
  func codes(_ code: RPCCode) {
    let error = RPCError(code, "")
    #expect((firstDelay(after: error) != nil) == (code == .unavailable))
    #expect(firstDelay(after: error, isIdempotent: false) == nil)
  }

  @Test("a server names the time, or forbids")
  func pushback() {
    var error = RPCError(.resourceExhausted, "")
    error.retryPushback = RetryPushback(milliseconds: 1234)
    #expect(firstDelay(after: error) == .milliseconds(1234))
    for unreadable in [-1, nil] {
      error = RPCError(.unavailable, "")
      error.retryPushback = RetryPushback(milliseconds: unreadable)
      #expect(firstDelay(after: error) == nil)
    }
  }

  @Test("attempts are counted, and their delays grow")
  func attempts() {
    var progress = RetryProgress()
    var budget = RetryBudget(policy)
    let error = RPCError(.unavailable, "")
    let delays = (0..<5).map { _ in delay(after: error, &progress, &budget) }
    #expect(delays == [.milliseconds(50), .milliseconds(80), .milliseconds(128), nil, nil])
  }

  @Test("a call that no server looked at is made again at once, whatever its method, not for ever")
  func notProcessed() {
    var progress = RetryProgress()
    var budget = RetryBudget(policy)
    var error = RPCError(.unavailable, "")
    error.wasNotProcessed = true
    let delays = (0..<4).map { _ in
      delay(after: error, isIdempotent: false, &progress, &budget)
    }
    #expect(delays == [.zero, .zero, .zero, nil])
    #expect(budget.tokens == policy.budget - 1)
  }

  @Test("half the budget is for retries; answered calls fill it again")
  func budget() {
    var budget = RetryBudget(policy)
    let error = RPCError(.unavailable, "")
    var retried = 0
    for _ in 0..<500 {
      var progress = RetryProgress()
      if delay(after: error, &progress, &budget) != nil { retried += 1 }
    }
    #expect(retried == 99)
    for _ in 0..<1020 { budget.answered() }
    #expect(firstDelay(after: error) != nil)
    var progress = RetryProgress()
    #expect(delay(after: error, &progress, &budget) != nil)
  }
}
