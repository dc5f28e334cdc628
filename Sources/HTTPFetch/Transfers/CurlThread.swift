import SystemThread

/// The owner of a `CurlLoop`: when the last reference goes, its thread ends.
final class CurlThread: Sendable {
  private let loop: CurlLoop

  init(total: Int, perLane: Int, maximumWaiting: Int) throws(FetchError) {
    loop = try CurlLoop(total: total, perLane: perLane, maximumWaiting: maximumWaiting)
    try Self.start(loop)
  }

  deinit { loop.post(.stop) }

  func start(_ transfer: any Transfer) {
    guard loop.post(.start(transfer)) else {
      return transfer.fail(FetchError(.closed, "the client was shut down"), nil)
    }
  }

  /// Ends it wherever it is; nothing when it is over.
  func cancel(_ transfer: any Transfer) { loop.post(.cancel(transfer)) }

  func resume(_ transfer: any Transfer) { loop.post(.resume(transfer)) }

  /// Ends every transfer with `closed`.
  func stop() { loop.post(.stop) }

  private static func start(_ loop: CurlLoop) throws(FetchError) {
    let code = DetachedThread.start(name: "curl") { loop.run() }
    guard code == 0 else {
      throw FetchError(
        .unavailable,
        "the system has no thread left for outgoing calls",
        cause: "pthread_create \(code)"
      )
    }
  }
}
