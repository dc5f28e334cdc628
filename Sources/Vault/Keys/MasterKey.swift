public import Crypto
import Glibc
public import SyncModel

/// The key outside the database that unlocks it: 32 bytes, from a file, a command, a variable, or
/// derived from a passphrase.
///
/// Without it nothing in the database can be read, by anybody: it belongs into a backup of its own.
public struct MasterKey: Sendable {
  static let length = 32

  let secret: SecretBytes

  /// - Throws: `master_key_invalid` unless there are exactly 32 bytes.
  public init(_ secret: SecretBytes) throws(Failure) {
    guard secret.count == Self.length else {
      throw Self.failure(
        "master_key_invalid",
        "a master key has \(Self.length) bytes, not \(secret.count)"
      )
    }
    self.secret = secret
  }

  /// Reads 32 raw bytes, or 64 hex digits with or without a newline.
  /// - Throws: `master_key_unreadable`, `master_key_exposed` when others than the file's owner may
  ///   read it, `master_key_invalid` for any other content.
  public static func load(file: String) throws(Failure) -> MasterKey {
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw unreadable(file) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(file) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw failure("master_key_unreadable", "the master key \(file) is not a regular file")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw failure(
        "master_key_exposed",
        "the master key \(file) is open to others than its owner; run: chmod 600 \(file)"
      )
    }
    // One byte more than any good file, to see that there is not more.
    var count = 0
    let content = try SecretBytes(count: 66) { (out) throws(Failure) in
      while count < out.count {
        let got = read(descriptor, out.baseAddress?.advanced(by: count), out.count - count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw unreadable(file) }
        if got == 0 { break }
        count += got
      }
    }
    return try content.withUnsafeBytes { (bytes) throws(Failure) in
      try parse(UnsafeRawBufferPointer(rebasing: bytes[..<count]), file)
    }
  }

  /// Makes a new random key and writes it as 64 hex digits to a new file with mode 0600.
  /// - Throws: `master_key_exists` when there is such a file already: it may be the only copy of
  ///   the key to a vault.
  public static func generate(file: String) throws -> MasterKey {
    let secret = try RandomBytes.secret(count: length)
    let text = secret.withUnsafeBytes { SecretBytes(Array((Hex.encode($0) + "\n").utf8)) }
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST {
        throw failure("master_key_exists", "\(file) exists already and is not replaced")
      }
      throw unwritable(file)
    }
    let isWritten = text.withUnsafeBytes { bytes in
      write(descriptor, bytes.baseAddress, bytes.count) == bytes.count && fsync(descriptor) == 0
    }
    let problem = unwritable(file)
    guard close(descriptor) == 0, isWritten else {
      unlink(file)
      throw problem
    }
    try syncDirectory(of: file)
    return try MasterKey(secret)
  }

  /// From 32 bytes or 64 hex digits.
  /// - Parameter place: what the error names.
  init(text: [UInt8], from place: String) throws(Failure) {
    let bytes = SecretBytes(text)
    self = try bytes.withUnsafeBytes { (bytes) throws(Failure) in try Self.parse(bytes, place) }
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer,
    _ place: String
  ) throws(Failure) -> MasterKey {
    let isHex = !bytes.isEmpty && bytes.allSatisfy { Hex.value(ofDigit: $0) != nil }
    if bytes.count == length, !isHex { return try MasterKey(SecretBytes(copying: bytes)) }
    let digits = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
    if digits.count == 2 * length, let key = Hex.decode(digits) {
      return try MasterKey(SecretBytes(key))
    }
    throw failure(
      "master_key_invalid",
      "the master key \(place) must hold \(length) raw bytes or \(2 * length) hex digits, "
        + "and nothing else"
    )
  }

  /// A new file is durable when its directory's entry is.
  private static func syncDirectory(of file: String) throws(Failure) {
    let directory = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unwritable(file) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw unwritable(file) }
  }

  private static func unreadable(_ file: String) -> Failure {
    failure(
      "master_key_unreadable",
      "cannot read the master key \(file): \(String(cString: strerror(errno)))"
    )
  }

  private static func unwritable(_ file: String) -> Failure {
    failure(
      "master_key_unwritable",
      "cannot write the master key \(file): \(String(cString: strerror(errno)))"
    )
  }

  private static func failure(_ code: String, _ message: String) -> Failure {
    Failure(code, message, recovery: .needsOperator)
  }
}
