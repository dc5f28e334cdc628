import Crypto
import Glibc
import ServiceRuntime

/// Everything that `sluice dev` keeps, below one directory.
struct DataDirectory: Sendable {
  /// From the root.
  let path: String

  var certificates: CertificateDirectory { CertificateDirectory(path: path + "/tls") }
  var masterKey: String { path + "/master.key" }
  var rowKey: String { path + "/row.key" }
  var warehouse: String { path + "/warehouse.db" }
  var ports: String { path + "/ports" }
  private var lockFile: String { path + "/dev.lock" }
  func store(of role: ServiceRole) -> String { "\(path)/\(role.rawValue)" }
  func log(of role: ServiceRole) -> String { "\(path)/log/\(role.rawValue).log" }

  /// Makes the directory, or takes one that was made here before.
  static func open(_ given: String) throws -> DataDirectory {
    do throws(FileError) {
      let isNew = !RegularFile.exists(given)
      if isNew { try RegularFile.makeDirectory(given) }
      guard RegularFile.isDirectory(given), let path = RegularFile.absolute(given) else {
        throw FileError.notADirectory(given)
      }
      let directory = DataDirectory(path: path)
      if !isNew, !RegularFile.exists(directory.lockFile), !RegularFile.isEmptyDirectory(path) {
        throw FileError.foreign(path)
      }
      return directory
    } catch {
      throw CommandFailure(
        "\(error)",
        hint: "name another directory with: sluice dev --data DIR",
        exit: .failure
      )
    }
  }

  /// Claims the directory for this process; the kernel gives it back however the process ends.
  /// - Returns: the descriptor that holds the lock.
  func claim() throws -> Int32 {
    // O_CLOEXEC: a service that inherited the lock would keep the directory claimed.
    let descriptor = Glibc.open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(
        "cannot write \(lockFile): \(FileError.text(of: errno))",
        exit: .failure
      )
    }
    var isClaimed = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    // A process that is just being started by another part of this one holds every descriptor, this
    // lock's too, until its program runs: a moment.
    for _ in 0..<10 where !isClaimed {
      usleep(30_000)
      isClaimed = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
    guard isClaimed else {
      let holder = (try? RegularFile.readAll(descriptor, name: lockFile, limit: 64)) ?? []
      close(descriptor)
      let pid = String(decoding: holder.prefix { $0 != 0x0A }, as: UTF8.self)
      throw CommandFailure(
        "sluice dev is running already on \(path)" + (pid.isEmpty ? "" : " (process \(pid))"),
        hint: "use it: sluice status; or name another directory with --data",
        code: "already_running",
        exit: .conflict
      )
    }
    ftruncate(descriptor, 0)
    try? RegularFile.writeAll(Array("\(getpid())\n".utf8), to: descriptor, name: lockFile)
    return descriptor
  }

  /// Makes what is missing: directories, the keys of vault and row log, the authority; and
  /// certificates, which are new at every start and so never run out.
  func prepare() throws {
    do {
      for directory in ServiceRole.allCases.map(store) + [path + "/log"] {
        try RegularFile.makeDirectory(directory)
      }
      for key in [masterKey, rowKey] where !RegularFile.exists(key) {
        try RegularFile.write(try RandomBytes.make(count: 32), to: key)
      }
    } catch {
      throw CommandFailure("\(error)", exit: .failure)
    }
    try certificates.prepare(days: 3650)
  }
}

extension FileError {
  fileprivate static func notADirectory(_ path: String) -> FileError {
    FileError(path: path, verb: "use", reason: "it is not a directory")
  }

  fileprivate static func foreign(_ path: String) -> FileError {
    FileError(
      path: path,
      verb: "use",
      reason: "it is not empty, and it was not made by sluice dev"
    )
  }
}
