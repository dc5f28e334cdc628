import Glibc
import Synchronization

/// Makes descriptors that no child inherits. Glibc's module has neither `pipe2` nor `accept4`, so a
/// descriptor is open for a moment before it is marked: children are started between such moments. One
/// that inherits another's pipe would keep that one's end from being seen.
enum Descriptors {
  private static let turn = Mutex(())

  /// Runs what makes a descriptor and marks it, or starts a child.
  static func taking<T: Sendable>(_ body: () -> T) -> T { turn.withLock { _ in body() } }

  /// Both ends, the reading one first; nil with `errno`.
  static func pipe() -> (reading: Int32, writing: Int32)? {
    taking {
      var ends: [Int32] = [-1, -1]
      guard Glibc.pipe(&ends) == 0 else { return nil }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      return (ends[0], ends[1])
    }
  }

  /// nil where nobody is there any more.
  static func accept(_ listener: Int32) -> Int32? {
    taking {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0 else { return nil }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      return client
    }
  }
}

/// Something that happens once, for `poll`.
final class EventDescriptor: Sendable {
  /// Readable once the event has been raised.
  let descriptor: Int32
  private let writingEnd: Int32

  init?() {
    guard let ends = Descriptors.pipe() else { return nil }
    descriptor = ends.reading
    writingEnd = ends.writing
  }

  deinit {
    close(descriptor)
    close(writingEnd)
  }

  func raise() {
    var one: UInt8 = 1
    _ = write(writingEnd, &one, 1)
  }
}
