import Yams

/// A YAML mapping whose keys are all known: what is not asked for is a problem, with a suggestion.
///
/// Problems are collected, not thrown: the user sees all of a file's at once.
final class StrictMapping {
  let place: YAMLPlace
  /// As in "unknown key … in a Sync".
  let what: String
  let node: Node
  private(set) var problems: [YAMLProblem] = []
  private var values: [String: Node] = [:]

  /// - Parameter keys: every key that there may be, in the order in which messages list them.
  init(_ node: Node, what: String, keys: [String], place: YAMLPlace) {
    self.place = place
    self.what = what
    self.node = node
    guard case .mapping(let mapping) = node else {
      problems.append(place.problem("\(what) must be a mapping of keys and values", at: node))
      return
    }
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      if keys.contains(name) {
        values[name] = value
      } else {
        let guess =
          Suggestion.nearest(to: name, in: keys).map { "; did you mean \"\($0)\"?" } ?? ";"
        let list = keys.joined(separator: ", ")
        add("unknown key \"\(name)\" in \(what)\(guess) it may have: \(list)", at: key)
      }
    }
  }

  func add(_ message: String, at node: Node? = nil) {
    problems.append(place.problem(message, at: node ?? self.node))
  }

  func add(_ others: [YAMLProblem]) { problems += others }

  /// The value, unless it is absent or null.
  subscript(key: String) -> Node? {
    guard let value = values[key], value.null == nil || value.scalar?.style != .plain else {
      return nil
    }
    return value
  }

  /// A scalar's text as it is written: `5432`, `yes` and `0123` stay what they are.
  func text(_ key: String) -> String? {
    guard let value = self[key] else { return nil }
    guard case .scalar(let scalar) = value else {
      add("\"\(key)\" must be text, not \(Self.kind(value))", at: value)
      return nil
    }
    return scalar.string
  }

  /// Text that must be there; "" with a problem where it is not.
  func requiredText(_ key: String, _ hint: String = "") -> String {
    if let value = self[key] {
      let text = text(key)
      if text == "" { add("\"\(key)\" must not be empty", at: value) }
      return text ?? ""
    }
    add("\(what) needs \"\(key)\"" + (hint.isEmpty ? "" : ": \(hint)"))
    return ""
  }

  func bool(_ key: String) -> Bool? {
    guard let value = self[key] else { return nil }
    if let scalar = value.scalar, scalar.style == .plain {
      if scalar.string == "true" { return true }
      if scalar.string == "false" { return false }
    }
    add("\"\(key)\" must be true or false, not \(Self.shown(value))", at: value)
    return nil
  }

  func integer(_ key: String, in range: ClosedRange<Int64>) -> Int64? {
    guard let value = self[key] else { return nil }
    if let scalar = value.scalar, scalar.style == .plain, let number = Int64(scalar.string),
      range.contains(number)
    {
      return number
    }
    add(
      "\"\(key)\" must be a whole number from \(range.lowerBound) to \(range.upperBound), "
        + "not \(Self.shown(value))",
      at: value
    )
    return nil
  }

  /// One of a few words.
  func choice(_ key: String, of words: [String], notBuilt: [String] = []) -> String? {
    guard let value = self[key], let word = text(key) else { return nil }
    if words.contains(word) { return word }
    let list = words.joined(separator: ", ")
    if notBuilt.contains(word) {
      add("\"\(key)\": \"\(word)\" is not built yet; this version has: \(list)", at: value)
    } else {
      let guess = Suggestion.nearest(to: word, in: words + notBuilt)
        .map { "; did you mean \"\($0)\"?" }
      add("\"\(key)\" must be one of \(list), not \"\(word)\"" + (guess ?? ""), at: value)
    }
    return nil
  }

  func texts(_ key: String) -> [String] {
    guard let value = self[key] else { return [] }
    guard case .sequence(let nodes) = value else {
      add("\"\(key)\" must be a list, such as [a, b], not \(Self.kind(value))", at: value)
      return []
    }
    return nodes.compactMap { node in
      guard let scalar = node.scalar, !scalar.string.isEmpty else {
        add("\"\(key)\" must be a list of texts", at: node)
        return nil
      }
      return scalar.string
    }
  }

  /// Names of one's own with scalar values, each as text.
  func textsByName(_ key: String) -> [String: String] {
    guard let value = self[key] else { return [:] }
    guard case .mapping(let mapping) = value else {
      add("\"\(key)\" must be a mapping of names and values, not \(Self.kind(value))", at: value)
      return [:]
    }
    var result: [String: String] = [:]
    for (name, value) in mapping {
      guard let name = name.scalar?.string, let scalar = value.scalar else {
        add(
          "\"\(key)\": the value of \"\(name.scalar?.string ?? "?")\" must be text, "
            + "not \(Self.kind(value))",
          at: value
        )
        continue
      }
      if value.null != nil, scalar.style == .plain { continue }
      result[name] = scalar.string
    }
    return result
  }

  static func kind(_ node: Node) -> String {
    switch node {
    case .scalar: "a single value"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  /// A value as a message may show it: short, and only where it is one.
  private static func shown(_ node: Node) -> String {
    guard let scalar = node.scalar else { return kind(node) }
    return "\"\(scalar.string.prefix(40))\""
  }
}
