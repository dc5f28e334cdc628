import Glibc

/// Reads and writes key and certificate files.
enum PEMFile {
  private static let largest = 1 << 20

  static func read(_ path: String) throws(CryptoError) -> SecretBytes {
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("read", path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read", path) }
    guard status.st_mode & S_IFMT == S_IFREG, let count = Int(exactly: status.st_size),
      count <= largest
    else { throw CryptoError(.file, "cannot read \(path): not a file of at most 1 MiB") }
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      var filled = 0
      while filled < count {
        let got = Glibc.read(descriptor, out.baseAddress?.advanced(by: filled), count - filled)
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { throw failure("read", path) }
        filled += got
      }
    }
  }

  /// Writes a new file beside `path` and renames it over: nobody ever sees half of it, and a key
  /// never has wider permissions than `mode`, not even for a moment.
  static func write(
    _ contents: SecretBytes,
    to path: String,
    mode: mode_t
  ) throws(CryptoError) {
    let temporary = "\(path).\(Hex.encode(try RandomBytes.make(count: 6))).new"
    let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failure("write", path) }
    var isOpen = true
    do throws(CryptoError) {
      // The umask may have narrowed the mode; a certificate is for everybody.
      guard fchmod(descriptor, mode) == 0 else { throw failure("write", path) }
      try contents.withUnsafeBytes { (bytes) throws(CryptoError) in
        var written = 0
        while written < bytes.count {
          let put = Glibc.write(
            descriptor,
            bytes.baseAddress?.advanced(by: written),
            bytes.count - written
          )
          if put < 0, errno == EINTR { continue }
          guard put > 0 else { throw failure("write", path) }
          written += put
        }
      }
      guard fsync(descriptor) == 0 else { throw failure("write", path) }
      isOpen = false
      guard close(descriptor) == 0, rename(temporary, path) == 0 else {
        throw failure("write", path)
      }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
  }

  private static func failure(_ verb: String, _ path: String) -> CryptoError {
    CryptoError(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
  }
}
