import Logging

/// Runs the handlers of a connection's calls as tasks.
enum HandlerTask {
  /// - Parameter executor: where the tasks run; nil is the global pool.
  static func starter(
    running: RunningCalls,
    executor: LoopTaskExecutor?,
    logger: Logger
  ) -> ServerConnection.Start {
    { pipe, method, context in
      guard let executor else {
        return Task { await run(pipe, method, context, running, logger) }
      }
      // It begins here and now: a handler that does not suspend has answered when this returns.
      return Task.immediate(executorPreference: executor) {
        await run(pipe, method, context, running, logger)
      }
    }
  }

  private static func run(
    _ pipe: CallPipe,
    _ method: RoutedMethod,
    _ context: ServerContext,
    _ running: RunningCalls,
    _ logger: Logger
  ) async {
    let end: MessageQueue.End
    do {
      try await method.answer(pipe, context)
      end = .finished
    } catch {
      let answer = RPCError(answering: error)
      if answer.code == .unknown, !(error is RPCError) {
        logger.error(
          "handler failed unexpectedly",
          metadata: ["rpc.path": "\(context.path)", "error": "\(error)"]
        )
      }
      end = .failed(answer)
    }
    pipe.finish(end)
    running.end()
  }
}
