import Glibc

/// Why a file could not be read or written, in words for its owner.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  public var path: String
  /// As in "cannot read".
  public var verb: String
  /// The system's reason, e.g. "No such file or directory".
  public var reason: String
  /// The system's number for it; 0 where the reason is ours.
  public var code: Int32

  public var description: String { "cannot \(verb) \(path): \(reason)" }

  init(path: String, verb: String, code: Int32) {
    self.init(path: path, verb: verb, reason: FileError.text(of: code), code: code)
  }

  init(path: String, verb: String, reason: String, code: Int32 = 0) {
    self.path = path
    self.verb = verb
    self.reason = reason
    self.code = code
  }

  /// The system's sentence for an `errno`, with a small first letter.
  public static func text(of code: Int32) -> String {
    // Safety: strerror answers constant, NUL-terminated text for every number the kernel returns.
    guard let text = strerror(code) else { return "error \(code)" }
    let words = String(cString: text)
    return words.prefix(1).lowercased() + words.dropFirst()
  }
}

/// Whole small files: settings, keys, YAML.
public enum RegularFile {
  /// The file's bytes; `limit` bounds what a wrong path (a device, a dump) may cost.
  public static func read(_ path: String, limit: Int = 16 << 20) throws(FileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: path, verb: "read", code: errno) }
    defer { close(descriptor) }
    return try readAll(descriptor, name: path, limit: limit)
  }

  /// Everything up to the end of a descriptor that is already open, such as standard input.
  public static func readAll(_ descriptor: Int32, name: String, limit: Int = 16 << 20)
    throws(FileError) -> [UInt8]
  {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      // Safety: the buffer is `chunk`'s own for the time of the call.
      let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { return bytes }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw FileError(path: name, verb: "read", code: errno)
      }
      guard bytes.count + count <= limit else {
        throw FileError(path: name, verb: "read", reason: "it is larger than \(limit) bytes")
      }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  /// Replaces the file in one step, durably: readers see the old bytes or the new ones.
  public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600)
    throws(FileError)
  {
    let temporary = path + ".new"
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else { throw FileError(path: path, verb: "write", code: errno) }
    do throws(FileError) {
      defer { close(descriptor) }
      try writeAll(bytes, to: descriptor, name: path)
      guard fsync(descriptor) == 0 else { throw FileError(path: path, verb: "write", code: errno) }
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, path) == 0 else {
      let code = errno
      unlink(temporary)
      throw FileError(path: path, verb: "write", code: code)
    }
  }

  /// Writes every byte, through interruptions and short writes.
  public static func writeAll(_ bytes: [UInt8], to descriptor: Int32, name: String)
    throws(FileError)
  {
    var offset = 0
    while offset < bytes.count {
      // Safety: the pointer stays inside `bytes`, which lives through the call.
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(
          descriptor,
          buffer.baseAddress.map { $0 + offset },
          buffer.count - offset
        )
      }
      guard count >= 0 else {
        if errno == EINTR { continue }
        if errno == EAGAIN {
          var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&waiting, 1, -1)
          continue
        }
        throw FileError(path: name, verb: "write", code: errno)
      }
      offset += count
    }
  }

  /// Makes a directory unless it is there; its parent must exist.
  public static func makeDirectory(_ path: String, mode: UInt32 = 0o700) throws(FileError) {
    if mkdir(path, mode_t(mode)) == 0 { return }
    let code = errno
    guard code == EEXIST, isDirectory(path) else {
      throw FileError(path: path, verb: "make the directory", code: code == EEXIST ? ENOTDIR : code)
    }
  }

  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  public static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
