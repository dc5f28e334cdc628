import Crypto
import Foundation
import HTTPFetch
import TestSupport
import Testing

/// A server in Python that a test starts and asks what it saw. It ends with the last reference.
final class TestServer: Sendable {
  let certificates: TestCertificates
  private let process: ChildProcess
  private let ports: [String: Int]

  /// - Parameter python: `python3`, or that of `make venv` where a server needs a package.
  init(_ script: String = "http_server.py", python: String = "python3", arguments: [String] = [])
    throws
  {
    certificates = try TestCertificates()
    let file = Self.tests.appendingPathComponent("Servers/\(script)").path
    process = try ChildProcess(
      [python, file, certificates.certificateFile, certificates.keyFile] + arguments
    )
    ports = try Self.decode([String: Int].self, process.ask("ports", until: "}\n"))
  }

  private static var tests: URL {
    URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  /// The interpreter with the packages of Tests/Integration/requirements.txt.
  static func packagedPython() throws -> String {
    let root = tests.deletingLastPathComponent()
    let python = root.appendingPathComponent(".build/venv/bin/python").path
    try #require(FileManager.default.fileExists(atPath: python), "run make venv first")
    return python
  }

  /// The first block of Python in a page of the documentation.
  static func recipe(_ page: String) throws -> String {
    let file = tests.deletingLastPathComponent().appendingPathComponent(page)
    let parts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "```")
    return try String(#require(parts.first { $0.hasPrefix("python\n") }).dropFirst(7))
  }

  func port(_ name: String) throws -> Int { try #require(ports[name]) }

  func url(_ path: String, tls: Bool = false) throws -> HTTPURL {
    try HTTPURL(
      tls ? "https://localhost:\(port("tls"))\(path)" : "http://127.0.0.1:\(port("plain"))\(path)"
    )
  }

  /// What it counted: connections, and requests by method and path.
  func counts() throws -> [String: Int] {
    try Self.decode([String: Int].self, process.ask("counts", until: "}\n"))
  }

  /// One line in, one line out.
  func ask(_ line: String) throws -> String { try process.ask(line, until: "\n") }

  static func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}

/// An authority of the test's own and a certificate of it for localhost.
struct TestCertificates: Sendable {
  let directory: TemporaryDirectory
  var authorityFile: String { directory.file("authority.pem") }
  var certificateFile: String { directory.file("server.pem") }
  var keyFile: String { directory.file("server.key") }

  init(dnsNames: [String] = ["localhost"]) throws {
    directory = try TemporaryDirectory()
    let authority = try CertificateAuthority.create()
    try authority.write(
      certificateFile: directory.file("authority.pem"),
      privateKeyFile: directory.file("authority.key")
    )
    try authority.issue(
      role: "vault",
      instance: "1",
      dnsNames: dnsNames,
      ipAddresses: ["127.0.0.1"]
    )
    .write(
      certificateFile: directory.file("server.pem"),
      privateKeyFile: directory.file("server.key")
    )
  }
}

extension HTTPClientConfiguration {
  /// May call this machine, which the test's server is on.
  static func local(authorityFile: String? = nil) throws -> HTTPClientConfiguration {
    HTTPClientConfiguration(
      policy: AddressPolicy(
        allowed: [try AddressRange("127.0.0.0/8"), try AddressRange("::1")],
        allowsPlainHTTP: true
      ),
      authorityFile: authorityFile
    )
  }
}

extension HTTPClient {
  static func local() throws -> HTTPClient { try HTTPClient(.local()) }

  func get(_ url: HTTPURL) async throws -> HTTPResponse { try await send(HTTPRequest(.get, url)) }

  func text(_ url: HTTPURL) async throws -> String {
    let response = try await get(url)
    return String(decoding: try await response.collect(limit: 1 << 20), as: UTF8.self)
  }
}

/// The bytes that the server's `/bytes` sends.
func pattern(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count + 8)
  var number = 0
  while bytes.count < count {
    let digits = String(number)
    bytes +=
      [UInt8](repeating: 48, count: max(0, 7 - digits.utf8.count)) + Array(digits.utf8) + [10]
    number += 1
  }
  return Array(bytes.prefix(count))
}

/// The error's kind, or nil and an issue when there was none.
func failure(
  _ kind: FetchError.Kind,
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Void
) async -> FetchError? {
  do {
    try await body()
    Issue.record("expected \(kind)", sourceLocation: sourceLocation)
  } catch let error as FetchError {
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    return error
  } catch {
    Issue.record("expected \(kind), got \(error)", sourceLocation: sourceLocation)
  }
  return nil
}
