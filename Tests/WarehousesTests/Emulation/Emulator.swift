import Foundation
import HTTPFetch
import SyncModel
import TestSupport
public import Warehouses

/// An emulator of Tests/Emulators, one process for all tests of this one; it ends with it.
final class Emulator: Sendable {
  struct Facts: Decodable {
    var port: Int
    var caFile: String
    var wrongCaFile: String
    var admin: String
  }

  let facts: Facts
  private let process: ChildProcess
  private let client: HTTPClient

  static let snowflake = Result { try Emulator("snowflake") }
  static let bigquery = Result { try Emulator("bigquery") }
  static let databricks = Result { try Emulator("databricks") }

  private init(_ service: String) throws {
    let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let python = root.appendingPathComponent(".build/emulators-venv/bin/python").path
    guard FileManager.default.fileExists(atPath: python) else {
      throw EmulatorError("the emulators are not installed: run `make emulators`, or `make test`")
    }
    let folder = root.appendingPathComponent("Tests/Emulators").path
    process = try ChildProcess([
      "env", "PYTHONPATH=\(folder)", python, "-m", "emulators.\(service)", "--until-stdin-ends",
    ])
    let line = try process.ask("", until: "}\n")
    guard let facts = try? JSONDecoder().decode(Facts.self, from: Data(line.utf8)) else {
      throw EmulatorError("the emulator of \(service) did not start: \(line)")
    }
    self.facts = facts
    var configuration = HTTPClientConfiguration()
    configuration.policy = AddressPolicy(
      allowed: ["127.0.0.0/8"].compactMap { try? AddressRange($0) },
      allowsPlainHTTP: true
    )
    configuration.maximumConnectionsPerHost = 32
    client = try HTTPClient(configuration)
  }

  /// Asks the endpoint that tests steer by.
  @discardableResult
  func admin(_ path: String, _ body: JSONValue? = nil, method: HTTPMethod = .post) async throws
    -> JSONValue
  {
    var request = HTTPRequest(method, try HTTPURL(facts.admin + path), body: body?.text)
    if body != nil { try request.headers.add("Content-Type", "application/json") }
    let response = try await client.send(request)
    let answer = try await response.collect(limit: 64 << 20)
    guard response.status == 200 else {
      throw EmulatorError("\(path): \(String(decoding: answer, as: UTF8.self))")
    }
    return JSONValue(answer) ?? .null
  }
}

struct EmulatorError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByFloatLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .number(String(value)) }
  public init(floatLiteral value: Double) { self = .number(String(value)) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map { (key: $0.0, value: $0.1) })
  }
}
