public import Logging

/// Logs how each call ended, at `debug`; what the server itself did wrong at `warning`.
public struct CallLogging: ServerInterceptor, ClientInterceptor {
  private let logger: Logger

  public init(_ logger: Logger) { self.logger = logger }

  public func callEnded(_ context: ServerContext, _ code: RPCCode, after duration: Duration) {
    log("answered a call", context.path, code, duration, context.peer)
  }

  public func intercept<Result: Sendable>(
    _ path: String,
    _ options: CallOptions,
    _ next: (CallOptions) async throws -> Result
  ) async throws -> Result {
    let start = ContinuousClock.now
    do {
      let result = try await next(options)
      log("made a call", path, .ok, start.duration(to: .now), nil)
      return result
    } catch {
      log("made a call", path, RPCError(answering: error).code, start.duration(to: .now), nil)
      throw error
    }
  }

  private func log(
    _ message: Logger.Message,
    _ path: String,
    _ code: RPCCode,
    _ duration: Duration,
    _ peer: PeerIdentity?
  ) {
    let level: Logger.Level =
      switch code {
      case .unknown, .internalError, .dataLoss: .warning
      default: .debug
      }
    // Nothing is formatted that nobody reads.
    guard logger.logLevel <= level else { return }
    let milliseconds = duration / .milliseconds(1)
    var metadata: Logger.Metadata = [
      "rpc.path": "\(path)", "rpc.code": "\(code.name)",
      "rpc.milliseconds": "\((milliseconds * 1000).rounded() / 1000)",
    ]
    if let peer { metadata["rpc.peer"] = "\(peer.uri)" }
    logger.log(level: level, message, metadata: metadata)
  }
}
