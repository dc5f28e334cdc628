import Glibc

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
    var thread = pthread_t()
    let retained = Unmanaged.passRetained(loop)
    let code = pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument else { return nil }
        blockSignals()
        nameThread("curl")
        Unmanaged<CurlLoop>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      },
      retained.toOpaque()
    )
    guard code == 0 else {
      retained.release()
      throw FetchError(
        .unavailable,
        "the system has no thread left for outgoing calls",
        cause: "pthread_create \(code)"
      )
    }
    pthread_detach(thread)
  }
}

/// Signals are for the process's own handlers; SIGPIPE, which OpenSSL's writes raise, stays pending
/// here for ever. Only those that this thread raises by a fault itself stay.
private func blockSignals() {
  var signals = sigset_t()
  sigfillset(&signals)
  for own in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
    sigdelset(&signals, own)
  }
  pthread_sigmask(SIG_BLOCK, &signals, nil)
}

/// Best effort, by the file of proc(5): Glibc's module leaves `pthread_setname_np` out.
private func nameThread(_ name: String) {
  let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
  guard file >= 0 else { return }
  _ = Array(name.utf8).withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  close(file)
}
