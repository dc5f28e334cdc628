import ServiceRuntime
import Yams

/// The user's contexts: `$XDG_CONFIG_HOME/sluice/contexts.yaml`, else below `~/.config`
/// (XDG Base Directory Specification).
struct ContextsFile: Sendable, Equatable {
  var current: String?
  /// In the order of the file.
  var contexts: [(name: String, context: ConnectionContext)] = []

  static func == (a: Self, b: Self) -> Bool {
    a.current == b.current && a.contexts.elementsEqual(b.contexts) { $0 == $1 }
  }

  subscript(name: String) -> ConnectionContext? {
    get { contexts.first { $0.name == name }?.context }
    set {
      let index = contexts.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let value?): contexts[index].context = value
      case (let index?, nil): contexts.remove(at: index)
      case (nil, let value?): contexts.append((name, value))
      case (nil, nil): break
      }
    }
  }

  /// nil when neither variable says where.
  static func path(_ variables: [String: String]) -> String? {
    if let directory = variables["XDG_CONFIG_HOME"], directory.hasPrefix("/") {
      return directory + "/sluice/contexts.yaml"
    }
    guard let home = variables["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/sluice/contexts.yaml"
  }

  /// An absent file is an empty one.
  static func load(_ path: String) throws -> ContextsFile {
    guard RegularFile.exists(path) else { return ContextsFile() }
    do {
      return try parse(try RegularFile.read(path), file: path)
    } catch let error as FileError {
      throw CommandFailure("\(error)", exit: .failure)
    }
  }

  static func parse(_ bytes: [UInt8], file: String) throws -> ContextsFile {
    let documents: [YAMLDocuments.Document]
    do {
      documents = try YAMLDocuments.parse(bytes, file: file)
    } catch {
      throw CommandFailure("\(error)", exit: .failure)
    }
    guard let document = documents.first else { return ContextsFile() }
    let top = StrictMapping(
      document.node,
      what: "the contexts file",
      keys: ["current", "contexts"],
      place: document.place
    )
    var result = ContextsFile(current: top.text("current"))
    if let node = top["contexts"] {
      guard case .mapping(let mapping) = node else {
        throw CommandFailure("\(file): \"contexts\" must be a mapping", exit: .failure)
      }
      for (name, entry) in mapping {
        let map = StrictMapping(
          entry,
          what: "a context",
          keys: ConnectionContext.keys,
          place: document.place
        )
        let context = ConnectionContext(
          vault: address(map, "vault"),
          orchestrator: address(map, "orchestrator"),
          writer: address(map, "writer"),
          tls: TLSFiles(
            certificate: map.requiredText("certificate"),
            key: map.requiredText("key"),
            authority: map.requiredText("authority")
          ),
          workspace: map.text("workspace") ?? "default"
        )
        top.add(map.problems)
        result.contexts.append((name.scalar?.string ?? "", context))
      }
    }
    guard top.problems.isEmpty else {
      throw CommandFailure(
        top.problems.map(\.description),
        hint: "correct or delete \(file)",
        exit: .failure
      )
    }
    return result
  }

  private static func address(_ map: StrictMapping, _ key: String) -> HostPort {
    let text = map.requiredText(key)
    if let address = HostPort(text) { return address }
    if !text.isEmpty { map.add("\"\(key)\" must be host:port, not \"\(text)\"", at: map[key]) }
    return HostPort(host: "", port: 0)
  }

  /// The file's text.
  var yaml: String {
    let entries = contexts.map {
      OutputObject.Field(name: $0.name, value: .object($0.context.fields))
    }
    var top: OutputObject = [:]
    if let current { top.append("current", .text(current)) }
    top.append("contexts", .object(OutputObject(fields: entries)))
    return "# Written by sluice; `sluice context set` changes it.\n"
      + YAMLRenderer.render(.object(top))
  }

  /// Makes the directory if need be and replaces the file in one step.
  func save(_ path: String) throws {
    do throws(FileError) {
      var end = path.startIndex
      while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
        let parent = String(path[..<slash])
        if !RegularFile.isDirectory(parent) { try RegularFile.makeDirectory(parent) }
        end = slash
      }
      try RegularFile.write(Array(yaml.utf8), to: path)
    } catch {
      throw CommandFailure("\(error)", exit: .failure)
    }
  }
}
