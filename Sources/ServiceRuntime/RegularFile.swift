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

  public init(path: String, verb: String, reason: String, code: Int32 = 0) {
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

extension RegularFile {
  /// The path from the root, links followed; nil when there is nothing at it.
  public static func absolute(_ path: String) -> String? {
    // Safety: realpath allocates the text that it answers; it is freed here.
    guard let text = realpath(path, nil) else { return nil }
    defer { free(text) }
    return String(cString: text)
  }
}

extension RegularFile {
  /// Whether a directory holds nothing; false when it cannot be read.
  public static func isEmptyDirectory(_ path: String) -> Bool {
    guard let directory = opendir(path) else { return false }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      // Safety: d_name is NUL-terminated text inside the entry, which is valid until the next call.
      let isDot = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 3) { name in
          name[0] == 0x2E && (name[1] == 0 || (name[1] == 0x2E && name[2] == 0))
        }
      }
      if !isDot { return false }
    }
    return true
  }

  /// The last lines of a log, for a message.
  public static func tail(_ path: String, lines: Int) -> [String] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    let size = lseek(descriptor, 0, SEEK_END)
    lseek(descriptor, max(0, size - (16 << 10)), SEEK_SET)
    guard let bytes = try? readAll(descriptor, name: path, limit: 32 << 10) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(lines)
      .map(String.init)
  }
}

extension RegularFile {
  /// Where this process's own program is (proc(5), /proc/self/exe).
  public static func directoryOfProgram() -> String? {
    guard let program = absolute("/proc/self/exe"), let slash = program.lastIndex(of: "/") else {
      return nil
    }
    return String(program[..<slash])
  }
}
