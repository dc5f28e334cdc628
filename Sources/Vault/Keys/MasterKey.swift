public import Crypto
import Glibc
public import SyncModel

/// The key outside the database that unlocks it: 32 bytes, from a file, a command, a variable, or
/// derived from a passphrase.
///
/// Without it nothing in the database can be read, by anybody: it belongs into a backup of its own.
public struct MasterKey: Sendable {
  static let length = KeyFile.keyLength

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

  private init(checked secret: SecretBytes) { self.secret = secret }

  /// Reads 32 raw bytes, or 64 hex digits with or without a newline.
  /// - Throws: `master_key_unreadable`, `master_key_exposed` when others than the file's owner may
  ///   read it, `master_key_invalid` for any other content.
  public static func load(file: String) throws(Failure) -> MasterKey {
    do throws(KeyFile.Problem) {
      return MasterKey(checked: try KeyFile.load(file))
    } catch {
      throw failure(error, file)
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
    do throws(KeyFile.Problem) {
      return MasterKey(checked: try KeyFile.parse(bytes))
    } catch {
      throw failure(error, place)
    }
  }

  private static func failure(_ problem: KeyFile.Problem, _ place: String) -> Failure {
    switch problem {
    case .unreadable(let reason):
      failure("master_key_unreadable", "cannot read the master key \(place): \(reason)")
    case .exposed:
      failure(
        "master_key_exposed",
        "the master key \(place) is open to others than its owner; run: chmod 600 \(place)"
      )
    case .invalid:
      failure(
        "master_key_invalid",
        "the master key \(place) must hold \(length) raw bytes or \(2 * length) hex digits, "
          + "and nothing else"
      )
    }
  }

  /// A new file is durable when its directory's entry is.
  private static func syncDirectory(of file: String) throws(Failure) {
    let directory = file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unwritable(file) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw unwritable(file) }
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
