import Glibc

/// Ends this process when its parent is gone, however the parent went.
///
/// The parent holds the writing end of a pipe and never writes; the kernel closes it with the
/// parent, even after SIGKILL. A pipe, because PR_SET_PDEATHSIG (prctl(2)) speaks of the thread
/// that forked, which may end long before its process.
public enum ParentWatch {
  /// Starts a thread that waits for the end of `descriptor`'s file, then asks this process to stop.
  public static func start(descriptor: Int32) throws(StartupError) {
    guard fcntl(descriptor, F_GETFD) >= 0 else {
      throw StartupError(
        .usage,
        "\(ServiceArguments.parentFlag): descriptor \(descriptor) is not open"
      )
    }
    let started = DetachedThread.start {
      var byte: UInt8 = 0
      while true {
        let count = read(descriptor, &byte, 1)
        if count > 0 || (count < 0 && errno == EINTR) { continue }
        break
      }
      kill(getpid(), SIGTERM)
      // Whoever starts the parent again needs the port and the store: nobody is left to drain for.
      sleep(3)
      _exit(1)
    }
    guard started else {
      throw StartupError(.environment, "cannot start a thread to watch the parent process")
    }
  }
}

/// A thread for one call that blocks, away from the cooperative pool.
public enum DetachedThread {
  private final class Job: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Runs `body` on a thread of its own, with every signal blocked; false when there is none left.
  public static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    // Safety: the job is retained here and released exactly once, by the new thread or, where none
    // was made, below.
    let job = Unmanaged.passRetained(Job(body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument else { return nil }
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      },
      job.toOpaque()
    )
    guard code == 0 else {
      job.release()
      return false
    }
    pthread_detach(thread)
    return true
  }
}
