import SyncModel
import Synchronization
import Warehouse

/// Carries statements out on one SQL warehouse: submits, waits through its start, polls, cancels.
final class DatabricksRunner: Sendable {
  let api: DatabricksAPI
  private var timing: DatabricksTiming { api.timing }
  private struct State {
    /// What the warehouse last said; nil where we may not look.
    var warehouse: DatabricksWarehouseState?
    /// The statement that is under way or whose result is being read.
    var current: DatabricksStatementID?
    var isClosed = false
  }
  private let state: Mutex<State>

  init(_ api: DatabricksAPI, _ warehouse: DatabricksWarehouseState?) {
    self.api = api
    state = Mutex(State(warehouse: warehouse))
  }

  var warehouseName: String {
    let name = state.withLock { $0.warehouse?.name } ?? ""
    return name.isEmpty ? api.settings.warehouseID : name
  }

  /// Waits for a statement's success.
  ///
  /// The time until it runs counts against the budget of the warehouse's start alone (B.6).
  /// - Parameters:
  ///   - source: what is read, for messages.
  ///   - limit: for the query, once it runs; nil for none.
  func succeed(
    _ query: DatabricksQuery,
    source: String,
    limit: Duration? = nil
  ) async throws -> DatabricksAnswer {
    try state.withLock { state in
      if state.isClosed { throw Self.closed(source) }
    }
    do {
      var answer = try await api.execute(query)
      let isClosed = state.withLock { state in
        state.current = answer.id
        return state.isClosed
      }
      if isClosed { throw CancellationError() }
      var watch = DatabricksStartWatch(timing, now: .now)
      var delay = timing.shortestPoll
      while !answer.state.isFinal {
        if answer.state == .pending {
          try await look(&watch)
        } else {
          await runs(&watch)
        }
        if let limit, let since = watch.runningSince, since + limit < .now {
          throw Failure(
            "query_timeout",
            "reading \(source) took longer than \(limit.components.seconds) seconds",
            recovery: .failRun
          )
        }
        try await Task.sleep(for: delay)
        delay = min(delay * 3 / 2, timing.longestPoll)
        answer = try await api.status(answer.id)
      }
      await runs(&watch)
      guard answer.state == .succeeded else {
        forget()
        if state.withLock({ $0.isClosed }) { throw Self.closed(source) }
        throw DatabricksFailure.ended(answer, source: source)
      }
      return answer
    } catch {
      // Abandoning a statement does not end it, and it costs money.
      await settle()
      if state.withLock({ $0.isClosed }), !Task.isCancelled { throw Self.closed(source) }
      throw error
    }
  }

  private func runs(_ watch: inout DatabricksStartWatch) async {
    guard let words = watch.runs(at: .now) else { return }
    // What it last said is not so any more: the next statement is not to speak of a start.
    state.withLock { $0.warehouse?.state = "RUNNING" }
    await WarehouseNotice(.running, words).tell()
  }

  /// What to do about a statement that still waits: looks at the warehouse now and then.
  private func look(_ watch: inout DatabricksStartWatch) async throws {
    let known = state.withLock { $0.warehouse }
    if watch.isFirst, let known, !known.isRunning {
      await WarehouseNotice(.starting, watch.begins(known, api.settings.warehouseID)).tell()
    }
    guard watch.wantsLook(at: .now) else { return }
    let found = try await api.warehouse()
    state.withLock { $0.warehouse = found }
    switch watch.saw(found, at: .now) {
    case .wait: break
    case .tell(let text): await WarehouseNotice(.starting, text).tell()
    case .fail(let failure): throw failure(api.settings.warehouseID)
    }
  }

  /// Nothing of the current statement is needed any more.
  func forget() { state.withLock { $0.current = nil } }

  /// Lets go of a result that was read.
  func finish() async {
    let id = state.withLock { state in
      defer { state.current = nil }
      return state.current
    }
    // It goes by itself in an hour.
    if let id { try? await api.release(id) }
  }

  /// Cancels what is under way, and lets go of its result.
  func close() async {
    state.withLock { $0.isClosed = true }
    await settle()
  }

  /// Ends the current statement and sees it end (B.8.20), also from a cancelled task. Never throws: who
  /// cannot be reached cannot be told.
  func settle() async {
    let id = state.withLock { state in
      defer { state.current = nil }
      return state.current
    }
    guard let id else { return }
    let api = self.api
    let limit = timing.settling
    // A task of its own: a cancelled one could send nothing.
    await Task {
      let end = ContinuousClock.now + limit
      do {
        if try await !api.status(id).state.isFinal {
          try await api.cancel(id)
          while try await !api.status(id).state.isFinal, ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(100))
          }
        }
        try await api.release(id)
      } catch {}
    }.value
  }

  static func closed(_ source: String) -> Failure {
    Failure(
      "connection_closed",
      "the connection was closed while \(source) was being read",
      recovery: .failRun
    )
  }
}

/// Follows a warehouse's start: a value that is told the time and what was seen.
struct DatabricksStartWatch {
  enum Verdict {
    case wait
    case tell(String)
    case fail((_ id: String) -> Failure)
  }

  private let timing: DatabricksTiming
  private let begin: ContinuousClock.Instant
  private var nextLook: ContinuousClock.Instant
  private var wasTold = false
  private(set) var isFirst = true
  private(set) var runningSince: ContinuousClock.Instant?

  init(_ timing: DatabricksTiming, now: ContinuousClock.Instant) {
    self.timing = timing
    begin = now
    nextLook = now + timing.firstLook
  }

  /// The first words, when the warehouse was known not to run.
  mutating func begins(_ state: DatabricksWarehouseState, _ id: String) -> String {
    isFirst = false
    wasTold = true
    return Self.starting(state.name.isEmpty ? id : state.name, state.isServerless, seconds: nil)
  }

  mutating func wantsLook(at now: ContinuousClock.Instant) -> Bool {
    isFirst = false
    guard now >= nextLook else { return false }
    nextLook = now + timing.nextLooks
    return true
  }

  /// - Parameter state: nil where we may not look: then only time counts.
  mutating func saw(
    _ state: DatabricksWarehouseState?,
    at now: ContinuousClock.Instant
  ) -> Verdict {
    let waited = begin.duration(to: now)
    guard let state else {
      if waited > timing.start { return .fail { [timing] in timedOut($0, timing) } }
      wasTold = true
      return .tell(
        "the statement waits for its SQL warehouse, \(waited.components.seconds) s so far"
      )
    }
    if state.isGone { return .fail(DatabricksFailure.warehouseGone) }
    if state.isRunning {
      // It waits for a slot, which is not the start's matter; still it may not wait for ever.
      return waited > timing.start * 2 ? .fail { [timing] in timedOut($0, timing) } : .wait
    }
    if state.failure != nil, state.state != "STARTING" {
      return .fail { DatabricksFailure.startFailed(state, $0) }
    }
    // Right after a request to start, the state may still read STOPPED (B.6).
    if state.state == "STOPPED", waited > timing.grace {
      return .fail { DatabricksFailure.startFailed(state, $0) }
    }
    if waited > timing.start { return .fail { [timing] in timedOut($0, timing) } }
    wasTold = true
    return .tell(Self.starting(state.name, state.isServerless, seconds: waited.components.seconds))
  }

  /// The statement runs.
  /// - Returns: what to say, if the start was spoken of.
  mutating func runs(at now: ContinuousClock.Instant) -> String? {
    if runningSince == nil { runningSince = now }
    guard wasTold else { return nil }
    wasTold = false
    return "the SQL warehouse runs, after \(begin.duration(to: now).components.seconds) s"
  }

  private static func starting(_ name: String, _ isServerless: Bool, seconds: Int64?) -> String {
    let usual =
      isServerless
      ? "a serverless one takes seconds" : "a classic or pro one takes two to five minutes"
    return
      "the SQL warehouse \(name) is starting\(seconds.map { ", \($0) s so far" } ?? ""); \(usual)"
  }
}

private func timedOut(_ id: String, _ timing: DatabricksTiming) -> Failure {
  DatabricksFailure.startTimedOut(id, after: timing.start)
}
