import Logging

/// Runs a connection's handlers on its loop, each task one handler after the other.
///
/// A task costs more than a small call's frames, so those that have ended their handler wait for
/// another. A handler begins here and now, and one that does not suspend has answered when `start`
/// returns; then one task serves all calls. A task that was cancelled ends with its handler.
///
/// Safety: everything is touched on the loop only: tasks prefer its executor, so they come back to
/// it after whatever a handler waits for.
final class HandlerCrew: @unchecked Sendable {
  private let executor: LoopTaskExecutor
  private let running: RunningCalls
  private let logger: Logger
  private var idle: [HandlerWorker] = []
  /// Of those that wait: enough for handlers that suspend now and then.
  private static let maximumIdle = 8

  init(executor: LoopTaskExecutor, running: RunningCalls, logger: Logger) {
    self.executor = executor
    self.running = running
    self.logger = logger
  }

  // A task that waits for ever would never be freed.
  deinit { for worker in idle { worker.dismiss() } }

  func start(_ call: HandlerCall) -> any RunningHandler {
    if let worker = idle.popLast() {
      worker.go(on: call)
      return worker
    }
    let worker = HandlerWorker(call, executor: executor)
    worker.task = Task.immediate(executorPreference: executor) { [running, logger, weak self] in
      while true {
        do {
          guard let call = worker.call else { return }
          call.end(await call.method.answer(call.pipe, call.context), running, logger)
          worker.call = nil
        }
        // Nothing of the call and nobody's strong reference to the crew lives on while it waits.
        guard !Task.isCancelled, self?.takes(worker) == true else { return }
        await worker.wait()
      }
    }
    return worker
  }

  private func takes(_ worker: HandlerWorker) -> Bool {
    guard idle.count < Self.maximumIdle else { return false }
    idle.append(worker)
    return true
  }
}

/// A task that runs one handler after another.
///
/// Safety: as `HandlerCrew`.
private final class HandlerWorker: RunningHandler, @unchecked Sendable {
  /// nil while it waits.
  var call: HandlerCall?
  var task: Task<Void, Never>?
  private let executor: LoopTaskExecutor
  private var waiting: UnsafeContinuation<Void, Never>?

  init(_ call: HandlerCall, executor: LoopTaskExecutor) {
    self.call = call
    self.executor = executor
  }

  /// Suspends until there is another call, or none any more.
  func wait() async {
    await withUnsafeContinuation { waiting = $0 }
  }

  func go(on call: HandlerCall) {
    self.call = call
    executor.resumeHere(resume)
  }

  /// Ends the task of a worker that waits.
  func dismiss() { resume() }

  private func resume() {
    let waiting = waiting
    self.waiting = nil
    waiting?.resume()
  }

  func cancel(_ pipe: CallPipe) {
    if call?.pipe === pipe { task?.cancel() }
  }
}
