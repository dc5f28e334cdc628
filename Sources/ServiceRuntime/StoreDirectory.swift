import Glibc

/// The directory of a service's store, claimed by one process at a time.
struct StoreDirectory {
  private let lock: Int32

  /// Makes the directory if need be. Waits a little for a former process that is just ending.
  static func claim(_ path: String) throws(StartupError) -> StoreDirectory {
    do {
      try RegularFile.makeDirectory(path)
    } catch {
      throw StartupError(.environment, "SLUICE_DATA: \(error)")
    }
    let file = path + "/lock"
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw StartupError(
        .environment,
        "SLUICE_DATA: cannot write in \(path): \(FileError.text(of: errno))"
      )
    }
    for _ in 0..<50 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return StoreDirectory(lock: descriptor) }
      usleep(100_000)
    }
    close(descriptor)
    throw StartupError(
      .environment,
      "SLUICE_DATA: \(path) is in use by another process; stop that one first"
    )
  }

  func release() { close(lock) }
}
