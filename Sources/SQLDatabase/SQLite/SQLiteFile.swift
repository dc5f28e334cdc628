import Glibc

/// The checks on a database file's path before SQLite sees it.
enum SQLiteFile {
  /// A path that SQLite takes for nothing but a file: Debian's build reads `file:` as a URI and ""
  /// as a temporary database.
  static func checked(_ path: String) throws -> String {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw SQLError(
        .cannotOpen,
        "the path of the database is empty or holds a NUL",
        nativeCode: "path"
      )
    }
    return path.utf8.first == UInt8(ascii: "/") ? path : "./" + path
  }

  /// Makes the file for its owner only (SQLite gives its WAL the same mode), before SQLite would
  /// make it with the process's umask. An existing file is never opened here: closing a second
  /// descriptor would drop this process's locks on it (https://sqlite.org/howtocorrupt.html 2.2).
  static func create(_ path: String) throws {
    let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      _ = Glibc.close(descriptor)
      return
    }
    let code = errno
    guard code != EEXIST else { return }
    throw SQLError(
      code == ENOSPC || code == EDQUOT ? .diskFull : .cannotOpen,
      problem(path, code),
      nativeCode: "errno \(code)"
    )
  }

  private static func problem(_ path: String, _ code: Int32) -> String {
    let reason = String(cString: strerror(code))
    guard code == ENOENT || code == ENOTDIR else {
      return "the database \(path) cannot be made: \(reason)"
    }
    let directory = path.lastIndex(of: "/").map { path[..<$0] } ?? ""
    return "the database \(path) cannot be made: its directory \(directory) does not exist"
  }
}
