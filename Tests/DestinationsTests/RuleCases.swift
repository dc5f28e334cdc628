import Foundation
import SyncModel
import Testing

/// One case of `Tests/Rules/cases`: see the README there.
struct RuleCase: Sendable, CustomTestStringConvertible {
  struct Row: Sendable {
    var line: Int
    var data: SyncModel.DataType
    var updatedAt: Int64
    var columns: [String: String]
    var payload: String?
    var outcome: String
    var codes: [String]
  }

  var rules: [String]
  var title: String
  var place: String
  var policy = PayloadPolicy()
  var existingOnly = false
  var rows: [Row] = []
  /// Lines of JSON.
  var profiles: [String] = []
  var fragments: [String] = []

  var testDescription: String { "\(place): \(title) (\(rules.joined(separator: ", ")))" }

  struct Malformed: Error { var line: String }

  static let all: [RuleCase] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Rules/cases")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().filter { $0.hasSuffix(".txt") }.flatMap { name in
      let text = try? String(
        contentsOf: folder.appendingPathComponent(name),
        encoding: .utf8
      )
      return parse(text ?? "", file: name)
    }
  }()

  private static func parse(_ text: String, file: String) -> [RuleCase] {
    var cases: [RuleCase] = []
    var blocked: [String: [String]] = [:]
    for (index, line) in text.components(separatedBy: "\n").enumerated() where !line.isEmpty {
      let (word, rest) = split(line, " ")
      if word == "case" {
        let (rules, title) = split(rest, " | ")
        blocked = [:]
        cases.append(
          RuleCase(
            rules: rules.components(separatedBy: " "),
            title: title,
            place: "\(file):\(index + 1)"
          )
        )
        continue
      }
      let last = cases.count - 1
      switch word {
      case "limit":
        let (name, value) = split(rest, " ")
        if let path = limits[name], let value = Int(value) {
          cases[last].policy.limits[keyPath: path] = value
        }
      case "block":
        let (kind, name) = split(rest, " ")
        blocked[kind, default: []].append(name)
        cases[last].policy.blockedAttributes = BlockedNames(blocked["attribute"] ?? [])
        cases[last].policy.blockedEvents = BlockedNames(blocked["event"] ?? [])
        cases[last].policy.blockedProducts = BlockedNames(blocked["product"] ?? [])
      case "existing-only": cases[last].existingOnly = true
      case "profile": cases[last].profiles.append(rest)
      case "contains": cases[last].fragments.append(rest)
      default: cases[last].rows.append(row(word, rest, index + 1))
      }
    }
    return cases
  }

  private static func row(_ data: String, _ text: String, _ line: Int) -> Row {
    let (source, expectation) = split(text, " => ")
    let (columns, payload) = split(source, " :: ")
    let words = columns.components(separatedBy: " ")
    var values: [String: String] = [:]
    for word in words.dropFirst() {
      let (name, value) = split(word, "=")
      values[name] = filled(value)
    }
    let expected = expectation.isEmpty ? ["applied"] : expectation.components(separatedBy: " ")
    return Row(
      line: line,
      data: SyncModel.DataType(rawValue: data) ?? .attributes,
      updatedAt: Int64(words[0]) ?? 0,
      columns: values,
      payload: source.contains(" :: ") ? filled(payload) : nil,
      outcome: expected[0],
      codes: Array(expected.dropFirst())
    )
  }

  private static func split(_ text: String, _ separator: String) -> (String, String) {
    guard let range = text.range(of: separator) else { return (text, "") }
    return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
  }

  /// Undoes `<<x*9>>`.
  private static func filled(_ text: String) -> String {
    guard text.contains("<<") else { return text }
    return text.replacing(/<<(.+?)\*(\d+)>>/) { match in
      let count = Int(match.2) ?? 0
      switch match.1 {
      case "keys": return (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",")
      case "numbers": return (0..<count).map(String.init).joined(separator: ",")
      case "objects": return (0..<count).map { "{\"i\":\($0)}" }.joined(separator: ",")
      default: return String(repeating: String(match.1), count: count)
      }
    }
  }

  private static var limits: [String: WritableKeyPath<PayloadLimits, Int>] {
    [
      "keys": \.keys, "string_length": \.stringLength, "array_length": \.arrayLength,
      "value_bytes": \.valueBytes, "properties": \.properties,
      "property_bytes": \.propertyBytes, "quantity": \.quantity,
      "shared_profiles": \.sharedProfiles,
    ]
  }
}
