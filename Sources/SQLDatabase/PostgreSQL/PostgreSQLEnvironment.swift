import Glibc
import Synchronization

/// libpq reads `PG*` variables for every key that is not given, and some (`PGSERVICE`, `PGOPTIONS`)
/// cannot be given a value that means none; `PGHOSTADDR` or `PGSERVICE` would send a password to
/// another server (reliability.md 5.2). So they are removed from the process.
enum PostgreSQLEnvironment {
  private static let turn = Mutex(())

  /// Safety: glibc's unsetenv(3) moves the other entries together and frees nothing, so a reader on
  /// another thread sees whole strings. Nothing happens where no such variable is set.
  static func clear() {
    turn.withLock { _ in
      for name in names() { unsetenv(name) }
    }
  }

  private static func names() -> [String] {
    var names: [String] = []
    var next = environ
    while let entry = next.pointee {
      next += 1
      let text = String(cString: entry)
      guard text.hasPrefix("PG") else { continue }
      names.append(String(text.prefix { $0 != "=" }))
    }
    return names
  }
}
