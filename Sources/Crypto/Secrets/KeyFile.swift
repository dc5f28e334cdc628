import Glibc

/// A key of 32 bytes in a file of its own: raw, or as 64 hex digits with or without a newline.
public enum KeyFile {
  public static let keyLength = 32

  /// Why there is no key, in words that go after the name of the setting or the key.
  public enum Problem: Error, Sendable, Equatable {
    /// The system's reason, or that it is no regular file.
    case unreadable(String)
    /// Others than its owner may read it.
    case exposed
    /// It holds something else.
    case invalid
  }

  /// Reads a key, which only the file's owner may be able to read.
  public static func load(_ path: String) throws(Problem) -> SecretBytes {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw lastProblem() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw lastProblem() }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable("it is not a regular file")
    }
    guard status.st_mode & 0o077 == 0 else { throw .exposed }
    // One byte more than any good file, to see that there is not more.
    var count = 0
    let content = try SecretBytes(count: 66) { (out) throws(Problem) in
      while count < out.count {
        let got = read(descriptor, out.baseAddress?.advanced(by: count), out.count - count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw lastProblem() }
        if got == 0 { break }
        count += got
      }
    }
    return try content.withUnsafeBytes { (bytes) throws(Problem) in
      try parse(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
    }
  }

  /// From 32 bytes or 64 hex digits.
  public static func parse(_ bytes: UnsafeRawBufferPointer) throws(Problem) -> SecretBytes {
    let isHex = !bytes.isEmpty && bytes.allSatisfy { Hex.value(ofDigit: $0) != nil }
    if bytes.count == keyLength, !isHex { return SecretBytes(copying: bytes) }
    let digits = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
    if digits.count == 2 * keyLength, let key = Hex.decode(digits) { return SecretBytes(key) }
    throw .invalid
  }

  private static func lastProblem() -> Problem { .unreadable(String(cString: strerror(errno))) }
}
