import Glibc

/// A thread for what blocks, away from Swift's cooperative pool.
public enum DetachedThread {
  private final class Job: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Runs `body` on a thread of its own, which ends with it. Signals are for the process's other
  /// threads, but for those that this one raises itself by a fault.
  /// - Parameter name: shown by debuggers; the kernel keeps 15 bytes. Empty: the process's own.
  /// - Returns: 0, or the system's error number when it has no thread left.
  public static func start(
    name: String = "",
    _ body: @escaping @Sendable () -> Void
  ) -> Int32 {
    // Safety: the job is retained here and released exactly once, by the new thread or, where none
    // was made, below.
    let job = Unmanaged.passRetained(Job(name, body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument else { return nil }
        blockSignals()
        let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
        if !job.name.isEmpty { nameThread(job.name) }
        job.body()
        return nil
      },
      job.toOpaque()
    )
    guard code == 0 else {
      job.release()
      return code
    }
    pthread_detach(thread)
    return 0
  }
}

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
