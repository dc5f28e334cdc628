import Logging

/// What runs a call's handler.
protocol RunningHandler: AnyObject {
  /// Cancels the handler's task, if it still runs the handler of that call; called on the loop.
  func cancel(_ pipe: CallPipe)
}

/// Runs the handlers of a connection's calls as tasks.
enum HandlerTask {
  /// - Parameter executor: where the tasks run; nil is the global pool.
  static func starter(
    running: RunningCalls,
    executor: LoopTaskExecutor?,
    logger: Logger
  ) -> ServerConnection.Start {
    if let executor {
      let crew = HandlerCrew(executor: executor, running: running, logger: logger)
      return { crew.start(HandlerCall(pipe: $0, method: $1, context: $2)) }
    }
    return { pipe, method, context in
      let call = HandlerCall(pipe: pipe, method: method, context: context)
      return PooledHandler(
        Task { call.end(await method.answer(pipe, context), running, logger) }
      )
    }
  }
}

/// A call on its way to its handler.
struct HandlerCall: Sendable {
  let pipe: CallPipe
  let method: RoutedMethod
  let context: ServerContext

  /// Ends the call as its handler did.
  func end(_ failure: (any Error)?, _ running: RunningCalls, _ logger: Logger) {
    pipe.finish(failure.map { .failed(answer(to: $0, logger)) } ?? .finished)
    running.end()
  }

  private func answer(to failure: any Error, _ logger: Logger) -> RPCError {
    let answer = RPCError(answering: failure)
    if answer.code == .unknown, !(failure is RPCError) {
      logger.error(
        "handler failed unexpectedly",
        metadata: ["rpc.path": "\(context.path)", "error": "\(failure)"]
      )
    }
    return answer
  }
}

/// A handler on the global pool, with a task of its own.
private final class PooledHandler: RunningHandler {
  private let task: Task<Void, Never>

  init(_ task: Task<Void, Never>) { self.task = task }

  func cancel(_ pipe: CallPipe) { task.cancel() }
}
