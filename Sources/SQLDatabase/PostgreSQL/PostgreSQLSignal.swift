import CPostgreSQL
import Glibc
import Synchronization

/// Tells the thread of a connection, which waits in `poll`, to stop. Raised once and for good.
final class PostgreSQLSignal: Sendable {
  private let raised = Atomic(false)
  /// An eventfd(2); -1 where the system gave none: then the flag is seen with the next bytes.
  let descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))

  deinit { if descriptor >= 0 { close(descriptor) } }

  var isRaised: Bool { raised.load(ordering: .acquiring) }

  func raise() {
    raised.store(true, ordering: .releasing)
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }
}
