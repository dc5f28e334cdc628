import Glibc
import SystemThread

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
    guard started == 0 else {
      throw StartupError(.environment, "cannot start a thread to watch the parent process")
    }
  }
}
