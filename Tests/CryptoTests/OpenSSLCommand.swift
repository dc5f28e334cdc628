import Glibc
import TestSupport
import Testing

/// The `openssl` command: somebody else's reading of what we write.
enum Command {
  /// What `arguments` printed. Records an issue unless it ended with 0.
  static func run(_ arguments: [String]) throws -> String {
    let (status, output) = try ChildProcess.run(arguments)
    #expect(status == 0, "\(arguments.joined(separator: " ")) failed: \(output)")
    return output
  }
}

extension TemporaryDirectory {
  func write(_ text: String, to name: String) throws {
    let stream = try #require(fopen(file(name), "w"))
    defer { fclose(stream) }
    try #require(fputs(text, stream) >= 0)
  }
}
