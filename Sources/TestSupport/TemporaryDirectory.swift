public import Glibc

/// A directory of one test's own below the system's temporary one, removed with what is in it when
/// the last reference goes.
public final class TemporaryDirectory: Sendable {
  public let path: String

  /// - Parameter parent: a directory that is there; the system's temporary one unless told otherwise.
  public init(in parent: String? = nil) throws {
    let parent = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = "\(parent)/sluice-test-XXXXXX".utf8CString.map { $0 }
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { Self.remove(path) }

  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Removes a file, or a directory and what is in it. Links are removed, not followed.
  public static func remove(_ path: String) {
    if let stream = opendir(path) {
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard name != ".", name != ".." else { continue }
        if Glibc.unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
      }
      closedir(stream)
    }
    _ = Glibc.remove(path)
  }
}

/// A system call that failed where a test cannot go on.
public struct SystemError: Error, CustomStringConvertible {
  public var description: String

  public init(_ call: String, code: Int32 = errno) {
    description = "\(call): \(String(cString: strerror(code)))"
  }
}
