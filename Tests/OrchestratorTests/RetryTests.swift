import SyncModel
import Testing

@testable import Orchestrator

@Suite("Trying again")
struct RetryTests {
  @Test("delays double up to the longest, and end with the limit")
  func delays() {
    let budget = Held(
      RetryPolicy(
        limit: .seconds(30),
        firstDelay: .milliseconds(100),
        longestDelay: .milliseconds(350)
      )
    )
    let start = ContinuousClock.now
    #expect(budget.delay(after: start) == .milliseconds(100))
    #expect(budget.delay(after: start + .seconds(1)) == .milliseconds(200))
    #expect(budget.delay(after: start + .seconds(2)) == .milliseconds(350))
    #expect(budget.delay(after: start + .seconds(29)) == .milliseconds(350))
    #expect(budget.delay(after: start + .seconds(30)) == nil)
  }

  @Test("a success begins a new spell")
  func success() {
    let budget = Held(
      RetryPolicy(limit: .seconds(1), firstDelay: .milliseconds(1), longestDelay: .seconds(1))
    )
    let start = ContinuousClock.now
    #expect(budget.delay(after: start) != nil)
    budget.succeeded()
    #expect(budget.delay(after: start + .seconds(5)) == .milliseconds(1))
  }

  @Test("a thousand failures do not overflow the delay")
  func many() {
    let budget = Held(.peer)
    let start = ContinuousClock.now
    for _ in 0..<1000 { #expect(budget.delay(after: start) != nil) }
    #expect(budget.delay(after: start) == .seconds(2))
  }

  @Test("attempts are counted where the policy counts them")
  func attempts() {
    let budget = Held(.warehouse)
    let start = ContinuousClock.now
    #expect(budget.delay(after: start) != nil)
    #expect(budget.delay(after: start) != nil)
    #expect(budget.delay(after: start) == nil)
  }

  @Test("a signal before the wait is kept, a cancelled task does not wait")
  func wakeup() async {
    let wakeup = Wakeup()
    wakeup.signal()
    await wakeup.wait()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await wakeup.wait() }
      group.cancelAll()
      await group.waitForAll()
    }
  }
}

/// A budget held by reference: expectations cannot call what changes a value.
private final class Held {
  private var budget: RetryBudget

  init(_ policy: RetryPolicy) { budget = RetryBudget(policy) }

  func delay(after now: ContinuousClock.Instant) -> Duration? { budget.delay(after: now) }
  func succeeded() { budget.succeeded() }
}
