import Yams

/// One problem in a YAML file, with its place.
struct YAMLProblem: Error, Sendable, Equatable, CustomStringConvertible {
  var file: String
  /// From 1; nil in a file of one document.
  var document: Int?
  var line: Int?
  var message: String

  var description: String {
    let place = [
      document.map { "document \($0)" }, line.map { "line \($0)" },
    ].compactMap(\.self).joined(separator: ", ")
    return file + ": " + (place.isEmpty ? "" : place + ": ") + message
  }
}

/// Where in a file a node stands, for messages.
struct YAMLPlace: Sendable {
  var file: String
  var document: Int?

  func problem(_ message: String, at node: Node? = nil) -> YAMLProblem {
    YAMLProblem(file: file, document: document, line: node?.mark?.line, message: message)
  }
}

/// The documents of a YAML text.
enum YAMLDocuments {
  struct Document {
    var place: YAMLPlace
    var node: Node
  }

  /// Documents that hold nothing are left out.
  static func parse(_ bytes: [UInt8], file: String) throws -> [Document] {
    let place = YAMLPlace(file: file)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw place.problem("it is not UTF-8 text")
    }
    var nodes: [Node] = []
    do {
      let parser = try Parser(yaml: text)
      while let node = try parser.nextRoot() { nodes.append(node) }
    } catch let error as YamlError {
      throw problem(error, place, document: nodes.count + 1)
    }
    let several = nodes.count > 1
    return nodes.enumerated().compactMap { index, node in
      if case .scalar(let scalar) = node, scalar.string.isEmpty || node.null != nil { return nil }
      return Document(
        place: YAMLPlace(file: file, document: several ? index + 1 : nil),
        node: node
      )
    }
  }

  /// The parser's complaint in one line; its own text draws the place over several.
  private static func problem(_ error: YamlError, _ place: YAMLPlace, document: Int) -> YAMLProblem
  {
    var result = place.problem("it is not YAML: \(error)")
    result.document = document > 1 ? document : nil
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      result.line = mark.line
      result.message = "it is not YAML: \(problem) (column \(mark.column))"
    case .reader(let problem, _, _, _):
      result.message = "it is not YAML: \(problem)"
    case .duplicatedKeysInMapping(let duplicates, let context):
      result.line = context.mark.line
      result.message =
        "a key stands twice in one mapping: "
        + duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
    default: break
    }
    return result
  }
}
