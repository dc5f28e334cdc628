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
    /// Its submission, until it is answered.
    var submission: Task<DatabricksAnswer, any Error>?
    /// The end of the last statement that was not wanted any more.
    var settling: Task<Void, Never>?
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
    do {
      var answer = try await submit(query, source)
      if state.withLock({ $0.isClosed }) { throw CancellationError() }
      try Task.checkCancellation()
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
            "reading \(source) took longer than \(limit.components.seconds) seconds; read less, or use a larger SQL warehouse",
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

  /// A task of its own: cut off in the middle, it would leave a statement behind whose id nobody
  /// knows. Who does not want it any more waits a little for its answer, to cancel it then.
  private func submit(_ query: DatabricksQuery, _ source: String) async throws -> DatabricksAnswer {
    try Task.checkCancellation()
    let task = try state.withLock { state in
      if state.isClosed { throw Self.closed(source) }
      let task = Task { try await self.execute(query) }
      state.submission = task
      return task
    }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      abandon(task)
    }
  }

  private func execute(_ query: DatabricksQuery) async throws -> DatabricksAnswer {
    do {
      let answer = try await api.execute(query)
      state.withLock { state in
        state.submission = nil
        state.current = answer.id
      }
      return answer
    } catch {
      state.withLock { $0.submission = nil }
      throw error
    }
  }

  /// Cuts a submission off if it does not come back in time.
  private func abandon(_ submission: Task<DatabricksAnswer, any Error>) {
    let limit = timing.submission
    Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = await submission.result }
        group.addTask {
          do {
            try await Task.sleep(for: limit)
            submission.cancel()
          } catch {}
        }
        await group.next()
        group.cancelAll()
      }
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
    let submission = state.withLock { state in
      state.isClosed = true
      return state.submission
    }
    if let submission {
      abandon(submission)
      _ = await submission.result
    }
    await settle()
  }

  /// Ends the current statement and sees it end (B.8.20), also from a cancelled task. Never throws: who
  /// cannot be reached cannot be told.
  func settle() async {
    let task = state.withLock { state in
      if let id = state.current {
        state.current = nil
        // A task of its own: a cancelled one could send nothing.
        state.settling = Task { await self.end(id) }
      }
      return state.settling
    }
    await task?.value
  }

  private func end(_ id: DatabricksStatementID) async {
    let end = ContinuousClock.now + timing.settling
    do {
      if try await !api.status(id).state.isFinal {
        try await api.cancel(id)
        while try await !api.status(id).state.isFinal, ContinuousClock.now < end {
          try await Task.sleep(for: .milliseconds(100))
        }
      }
      try await api.release(id)
    } catch {}
  }

  static func closed(_ source: String) -> Failure {
    Failure(
      "connection_closed",
      "the connection was closed while \(source) was being read; the next run reads on",
      recovery: .failRun
    )
  }
}
