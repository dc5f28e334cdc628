import Glibc
import Testing

/// Runs a command of the machine, for comparing with somebody else's implementation.
enum Command {
  /// What `arguments` printed on stdout. Records an issue unless it ended with 0.
  static func run(_ arguments: [String]) throws -> String {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    posix_spawn_file_actions_addclose(&actions, ends[1])
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let status = posix_spawnp(&child, arguments[0], &actions, nil, words, environ)
    close(ends[1])
    defer { close(ends[0]) }
    try #require(status == 0, "cannot run \(arguments[0])")
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(ends[0], &buffer, buffer.count)
      if count <= 0 { break }
      output += buffer[..<count]
    }
    var result: Int32 = 0
    waitpid(child, &result, 0)
    let text = String(decoding: output, as: UTF8.self)
    #expect(result == 0, "\(arguments.joined(separator: " ")) failed: \(text)")
    return text
  }
}

/// A directory of the test's own, gone with the value's scope.
struct TemporaryDirectory: ~Copyable {
  let path: String

  init() throws {
    path = "/tmp/sluice-crypto-\(UInt64.random(in: .min ... .max))"
    let made = mkdir(path, 0o700)
    try #require(made == 0)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func write(_ text: String, to name: String) throws {
    let file = try #require(fopen(file(name), "w"))
    defer { fclose(file) }
    try #require(fputs(text, file) >= 0)
  }

  deinit {
    if let entries = opendir(path) {
      while let entry = readdir(entries) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        unlink("\(path)/\(name)")
      }
      closedir(entries)
    }
    rmdir(path)
  }
}
