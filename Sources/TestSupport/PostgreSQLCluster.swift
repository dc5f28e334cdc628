import Glibc
import Loopback
import Synchronization

/// A PostgreSQL server of the tests' own: loopback, a free port, scram passwords, TLS on with a
/// certificate of an authority of its own, in a temporary directory.
///
/// The server and the directory go when the process ends, however it ends: a watcher waits for the
/// end of its standard input.
public final class PostgreSQLCluster: Sendable {
  public static let host = "127.0.0.1"
  /// A role that may do everything in the database `sluice`, by TLS or not.
  public static let user = "sluice"
  public static let password = "correct horse battery staple"
  /// A role with the same password that may log in by TLS only.
  public static let userOfTLS = "tls_only"
  public static let database = "sluice"

  public let port: Int
  /// PEM; the server's certificate is for `localhost`, not for 127.0.0.1.
  public let authorityFile: String
  /// Holds its Unix socket, over which it asks for no password.
  public let directory: String
  let binaries: String
  private let watcher: ChildProcess

  /// The one of this process, started at the first call.
  public static func shared() throws -> PostgreSQLCluster { try starting.get() }

  /// A let is made once, and other threads wait for it.
  private static let starting = Result { try PostgreSQLCluster() }

  /// Another one, for tests that stop or disturb the server.
  public init() throws {
    binaries = try Self.findBinaries()
    let isRoot = geteuid() == 0
    var template = "/tmp/sluice-pg-XXXXXX".utf8CString.map { $0 }
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    directory = String(
      decoding: template.dropLast().map(UInt8.init(bitPattern:)),
      as: UTF8.self
    )
    authorityFile = directory + "/authority.crt"
    // PostgreSQL refuses to run as root.
    if isRoot {
      guard let owner = getpwnam("postgres") else {
        throw PostgreSQLClusterError("there is no user postgres: install postgresql")
      }
      guard chown(directory, owner.pointee.pw_uid, owner.pointee.pw_gid) == 0 else {
        throw SystemError("chown")
      }
    }
    watcher = try ChildProcess(
      ["sh", "-c", Self.script, "sluice-pg", directory, binaries, isRoot ? "postgres" : ""])
    var found: Int?
    // The port may be taken between its choice and its use.
    for _ in 0..<5 where found == nil {
      let candidate = try Self.freePort()
      let answer = try watcher.ask("\(candidate)", until: "@")
      if answer.contains("ready@") { found = candidate }
      if answer.contains("failed@") || !answer.contains("@") {
        throw PostgreSQLClusterError("PostgreSQL did not start: \(answer)")
      }
    }
    guard let found else { throw PostgreSQLClusterError("PostgreSQL found no free port") }
    port = found
  }

  deinit { watcher.wait() }

  /// Runs a script as the superuser through psql, independently of this project's engine.
  /// - Returns: the rows, unaligned, without headers.
  @discardableResult
  public func sql(_ script: String, database: String = PostgreSQLCluster.database) throws -> String
  {
    let child = try ChildProcess([
      binaries + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", directory, "-p",
      "\(port)", "-U", "postgres", "-d", database, "-f", "-",
    ])
    // psql answers while it reads; what tests ask for fits the pipe.
    try child.write(script)
    let output = child.readToEnd()
    guard child.wait() == 0 else { throw PostgreSQLClusterError(output) }
    return output
  }

  /// A port of loopback that nothing listens on at the moment.
  public static func freePort() throws -> Int {
    guard let socket = LoopbackSocket() else { throw SystemError("bind") }
    return socket.port
  }

  private static func findBinaries() throws -> String {
    let root = "/usr/lib/postgresql"
    var versions: [Int] = []
    if let stream = opendir(root) {
      while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if let version = Int(name), access("\(root)/\(name)/bin/initdb", X_OK) == 0 {
          versions.append(version)
        }
      }
      closedir(stream)
    }
    if let newest = versions.max() { return "\(root)/\(newest)/bin" }
    let (status, output) = try ChildProcess.run(["pg_config", "--bindir"])
    let directory = String(output.prefix { $0 != "\n" })
    guard status == 0, access(directory + "/initdb", X_OK) == 0 else {
      throw PostgreSQLClusterError("no PostgreSQL server is installed: install postgresql")
    }
    return directory
  }
}

public struct PostgreSQLClusterError: Error, CustomStringConvertible {
  public var description: String
  init(_ description: String) { self.description = description }
}
