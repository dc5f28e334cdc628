import Foundation
import TestSupport
import Testing

/// The emulator of Redshift in front of the tests' PostgreSQL, one for all tests of the process. It ends
/// with the process.
final class RedshiftEmulator: Sendable {
  static let database = "redshift"
  /// Who reads, with the password in each of the three forms.
  static let password = "canary-of-redshift Password1"
  static let users = ["braze_user": "md5", "clear_user": "clear", "sha_user": "sha256"]

  struct Announcement: Decodable {
    var port: Int
    var plainPort: Int
    var caFile: String
    var wrongCaFile: String
    var admin: String
  }

  struct Entry: Decodable {
    var point: String
    var sql: String?
    var pid: Int?
    var tls: Bool?
    /// As the statement's session had it.
    var queryGroup: String?
    /// Of a connection's start.
    var parameters: [String: String]?

    private enum CodingKeys: String, CodingKey {
      case point, sql, pid, tls, parameters
      case queryGroup = "query_group"
    }
  }

  let said: Announcement
  let cluster: PostgreSQLCluster
  private let process: ChildProcess

  static func shared() throws -> RedshiftEmulator { try starting.get() }
  private static let starting = Result { try RedshiftEmulator() }

  private init() throws {
    cluster = try PostgreSQLCluster.shared()
    // A folder's name says `tree` where the package is.
    let python = Self.root.appendingPathComponent(".build/emulators-venv/bin/python").path
    try #require(FileManager.default.fileExists(atPath: python), "run make emulators first")
    let folder = Self.root.appendingPathComponent("Tests/Emulators").path
    process = try ChildProcess([
      "sh", "-c", #"cd "$0" && exec "$1" -m emulators.redshift --until-stdin-ends"#, folder, python,
    ])
    let line = try process.ask("", until: "}\n")
    said = try JSONDecoder().decode(Announcement.self, from: Data(line.utf8))
    for user in Self.users.keys.sorted() {
      try cluster.sql("CREATE ROLE \(user) LOGIN IN ROLE sluice", database: "postgres")
    }
    for name in [Self.database, "other"] {
      try cluster.sql("CREATE DATABASE \(name) OWNER sluice", database: "postgres")
      let accounts = Self.users.map {
        "\"\($0.key)\": {\"password\": \"\(Self.password)\", \"method\": \"\($0.value)\"}"
      }
      try steer(
        "/tenants",
        """
        {"name": "\(name)", "socket": "\(cluster.directory)", "port": \(cluster.port),
         "superuser": "postgres", "users": {\(accounts.joined(separator: ", "))}}
        """
      )
    }
  }

  static var root: URL {
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  @discardableResult
  func steer(_ path: String, _ json: String? = nil) throws -> Data {
    let body = json.map { ["-X", "POST", "--data", $0] } ?? []
    let (status, output) = try ChildProcess.run(
      ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60"] + body
        + [said.admin + path]
    )
    guard status == 0 else { throw SteeringError(description: output) }
    return Data(output.utf8)
  }

  /// A fault of the tests' database; `sql` is a regular expression that only this test's texts match.
  func fault(_ sql: String, _ action: String, times: Int = 1, in database: String = database) throws
  {
    try steer(
      "/tenants/\(database)/faults",
      """
      {"point": "statement", "where": {"sql": "\(sql)"}, "times": \(times), "action": \(action)}
      """
    )
  }

  /// What was asked, as far as its text holds `text`.
  func journal(_ text: String = "", in database: String = database) throws -> [Entry] {
    struct Journal: Decodable { var requests: [Entry] }
    return try JSONDecoder().decode(Journal.self, from: steer("/tenants/\(database)/journal"))
      .requests.filter { text.isEmpty || $0.sql?.contains(text) == true }
  }

  func counters() throws -> [String: Int] {
    struct Journal: Decodable { var counters: [String: Int] }
    return try JSONDecoder().decode(
      Journal.self,
      from: steer("/tenants/\(Self.database)/journal")
    ).counters
  }
}

struct SteeringError: Error, CustomStringConvertible { var description: String }
