import Foundation
import SyncModel
import TestSupport
import Warehouse

/// An emulator of Tests/Emulators as a process of the tests'. It ends with them.
final class EmulatorProcess: Sendable {
  let port: Int
  let authorityFile: String
  private let admin: String
  private let process: ChildProcess

  init(_ service: String) throws {
    let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let python = tests.deletingLastPathComponent()
      .appendingPathComponent(".build/emulators-venv/bin/python").path
    guard FileManager.default.fileExists(atPath: python) else {
      throw EmulatorError("there is no \(python): run make emulators first")
    }
    process = try ChildProcess([
      "sh", "-c", "cd \"$0\" && exec \"$1\" -m \"emulators.$2\" --until-stdin-ends",
      tests.appendingPathComponent("Emulators").path, python, service,
    ])
    let line = try process.ask("", until: "}\n")
    guard let facts = JSONValue(Array(line.utf8)), let port = facts["port"]?.integer,
      let file = facts["caFile"]?.string, let admin = facts["admin"]?.string
    else { throw EmulatorError("the emulator of \(service) did not start: \(line)") }
    self.port = Int(port)
    authorityFile = file
    self.admin = admin
  }

  /// Asks the endpoint that tests steer by, with a client that is none of this project's.
  @discardableResult
  func steer(_ path: String, _ body: Steering? = nil) throws -> JSONValue {
    var arguments = ["curl", "-sS", "--fail-with-body", "--noproxy", "*", admin + path]
    if body != nil { arguments += ["--data-binary", "@-"] }
    let child = try ChildProcess(arguments)
    if let body { try child.write(String(decoding: body.json.text, as: UTF8.self)) }
    let output = child.readToEnd()
    guard child.wait() == 0, let answer = JSONValue(Array(output.utf8)) else {
      throw EmulatorError("\(path): \(output.prefix(2000))")
    }
    return answer
  }
}

struct EmulatorError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

/// JSON that a test writes as Swift's literals.
struct Steering: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  var json: JSONValue

  init(_ json: JSONValue) { self.json = json }
  init(stringLiteral value: String) { json = .string(value) }
  init(integerLiteral value: Int) { json = .number("\(value)") }
  init(floatLiteral value: Double) { json = .number("\(value)") }
  init(booleanLiteral value: Bool) { json = .bool(value) }
  init(arrayLiteral elements: Steering...) { json = .array(elements.map(\.json)) }
  init(dictionaryLiteral elements: (String, Steering)...) {
    json = .object(elements.map { (key: $0.0, value: $0.1.json) })
  }

  static func string(_ text: String) -> Steering { Steering(.string(text)) }
  static func number(_ value: Int) -> Steering { Steering(.number("\(value)")) }
  static func bool(_ value: Bool) -> Steering { Steering(.bool(value)) }
}

extension Timestamp {
  /// The machine's clock.
  static var machine: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(clampingSeconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
  }
}
