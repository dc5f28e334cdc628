import ArgumentParser

/// The words before the flags, looked at before the argument parser does.
enum CommandWords {
  /// Flags that every command takes may also stand before the noun: `sluice -o json sync list`.
  static func movingLeadingFlags(_ arguments: [String]) -> [String] {
    let withValue = ["-o", "--output", "--context", "--workspace", "--timeout"]
    var rest = arguments[...]
    var moved: [String] = []
    while let first = rest.first {
      let name = first.split(separator: "=", maxSplits: 1).first.map(String.init) ?? first
      guard withValue.contains(name) else { break }
      moved.append(rest.removeFirst())
      if name == first, let value = rest.popFirst() { moved.append(value) }
    }
    // Nothing to attach them to: the parser says what is missing.
    return rest.isEmpty ? arguments : rest + moved
  }

  /// The first word that names no command, with what it may have been meant for.
  static func unknown(_ arguments: [String]) -> CommandFailure? {
    var command: any ParsableCommand.Type = Sluice.self
    var path = "sluice"
    for word in arguments {
      let commands = command.configuration.subcommands
      if word.hasPrefix("-") || word == "help" || commands.isEmpty { return nil }
      guard let next = commands.first(where: { $0._commandName == word }) else {
        let known = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
        let hint =
          if let near = Suggestion.nearest(to: word, in: known) {
            "did you mean: \(path) \(near)"
          } else {
            "\(path) has: \(known.joined(separator: ", "))"
          }
        return CommandFailure("there is no command \(path) \(word)", hint: hint, exit: .usage)
      }
      command = next
      path += " " + word
    }
    return nil
  }
}
