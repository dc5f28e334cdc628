// What the thread sanitizer makes of Swift's Mutex: four threads count under one, and the sanitizer
// must say nothing; with `racing`, the last of them takes another, and it must report that.
import Glibc
import Synchronization

/// Safety: `count` is what is guarded, or with `racing` is not: that is what the sanitizer is shown.
final class Counters: @unchecked Sendable {
  let right = Mutex(())
  let wrong = Mutex(())
  var count = 0
}

final class Counting: Sendable {
  private let counters: Counters
  private let isRacing: Bool

  init(_ counters: Counters, isRacing: Bool) {
    self.counters = counters
    self.isRacing = isRacing
  }

  /// Often enough that the threads meet: only a contended Mutex is handed over in the kernel.
  func run() {
    for _ in 0..<20_000 {
      if isRacing {
        counters.wrong.withLock { _ in counters.count += 1 }
      } else {
        counters.right.withLock { _ in counters.count += 1 }
      }
    }
  }
}

@main enum Probe {
  static func main() {
    let counters = Counters()
    let races = CommandLine.arguments.contains("racing")
    let threads = (0..<4).map { number in
      var thread = pthread_t()
      let work = Unmanaged.passRetained(Counting(counters, isRacing: races && number == 3))
      let code = pthread_create(
        &thread,
        nil,
        { argument in
          if let argument { Unmanaged<Counting>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        },
        work.toOpaque()
      )
      precondition(code == 0, "no thread")
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}
