import Glibc
import Synchronization
import SystemThread

/// Ctrl-C (SIGINT), a request to end (SIGTERM) and a closed terminal (SIGHUP), as something that can
/// be awaited.
///
/// The first is the program's to answer.
public enum TerminationSignals {
  /// Where the handler writes: 0 before `install`. An atomic, as a handler may use nothing else.
  private static let writingEnd = Atomic<Int32>(0)
  private static let arrivals = AsyncStream.makeStream(of: Void.self)

  /// Takes the signals over for the whole process; to be called once, at its start.
  /// - Parameter secondEnds: whether a second one ends the process at once, so that a command that
  ///   does not come to its end can always be left.
  public static func install(secondEnds: Bool) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let readingEnd = ends[0]
    writingEnd.store(ends[1], ordering: .relaxed)
    let isWatched = DetachedThread.start {
      var byte: UInt8 = 0
      var count = 0
      while true {
        let got = read(readingEnd, &byte, 1)
        if got < 0, errno == EINTR { continue }
        guard got == 1 else { return }
        count += 1
        if count > 1, secondEnds { _exit(130) }
        arrivals.continuation.yield()
      }
    }
    // Without a thread to listen, the signals keep ending the process by themselves.
    guard isWatched == 0 else { return }
    for number in [SIGINT, SIGTERM, SIGHUP] {
      let former = signal(number) { _ in
        // Safety: write(2) is async-signal-safe (signal-safety(7)).
        let saved = errno
        var byte: UInt8 = 1
        write(TerminationSignals.writingEnd.load(ordering: .relaxed), &byte, 1)
        errno = saved
      }
      // Whoever said nohup(1) means it.
      if number == SIGHUP, isIgnored(former) { signal(number, SIG_IGN) }
    }
  }

  private static func isIgnored(_ handler: sighandler_t?) -> Bool {
    // Safety: both are pointers to functions, of one word; they are compared, never called.
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Suspends until one arrives; also returns when the task is cancelled.
  public static func wait() async {
    for await _ in arrivals.stream { return }
  }
}
