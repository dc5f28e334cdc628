public import Logging

/// Logs how each call ended, at `debug`; what the server itself did wrong at `warning`.
public struct CallLogging: ServerInterceptor, ClientInterceptor {
  private let logger: Logger

  public init(_ logger: Logger) { self.logger = logger }

  public func intercept(
    _ context: ServerContext,
    _ next: (ServerContext) async throws -> Void
  ) async throws {
    let start = ContinuousClock.now
    do {
      try await next(context)
    } catch {
      log("answered a call", context.path, RPCError(answering: error).code, start, context.peer)
      throw error
    }
    log("answered a call", context.path, .ok, start, context.peer)
  }

  public func intercept<Result: Sendable>(
    _ path: String,
    _ options: CallOptions,
    _ next: (CallOptions) async throws -> Result
  ) async throws -> Result {
    let start = ContinuousClock.now
    do {
      let result = try await next(options)
      log("made a call", path, .ok, start, nil)
      return result
    } catch {
      log("made a call", path, RPCError(answering: error).code, start, nil)
      throw error
    }
  }

  private func log(
    _ message: Logger.Message,
    _ path: String,
    _ code: RPCCode,
    _ start: ContinuousClock.Instant,
    _ peer: PeerIdentity?
  ) {
    let level: Logger.Level =
      switch code {
      case .unknown, .internalError, .dataLoss: .warning
      default: .debug
      }
    // Nothing is formatted that nobody reads.
    guard logger.logLevel <= level else { return }
    let milliseconds = (ContinuousClock.now - start) / .milliseconds(1)
    var metadata: Logger.Metadata = [
      "rpc.path": "\(path)", "rpc.code": "\(code.name)",
      "rpc.milliseconds": "\((milliseconds * 1000).rounded() / 1000)",
    ]
    if let peer { metadata["rpc.peer"] = "\(peer.uri)" }
    logger.log(level: level, message, metadata: metadata)
  }
}
