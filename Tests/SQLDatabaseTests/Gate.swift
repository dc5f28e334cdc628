import Glibc
import Synchronization

/// Lets a body on a database's thread and a test wait for each other.
final class Gate: Sendable {
  private let opened = Mutex(Set<Int>())

  func open(_ step: Int) { opened.withLock { _ = $0.insert(step) } }

  /// Blocks the thread; for bodies that own theirs.
  func wait(_ step: Int) {
    while !opened.withLock({ $0.contains(step) }) { usleep(200) }
  }
}
