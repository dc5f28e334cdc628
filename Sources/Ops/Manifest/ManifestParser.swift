import VaultAPI
import Yams

/// Makes manifests of YAML documents, and says everything that is wrong with them.
struct ManifestParser {
  var secrets: SecretFile
  private(set) var objects: [ManifestObject] = []
  private(set) var problems: [String] = []
  /// Where each object stood, to name both when one stands twice.
  private var places: [String: YAMLPlace] = [:]

  init(secrets: SecretFile) { self.secrets = secrets }

  static let kinds = ["Credential", "Source", "Sync"]
  static let kindsNotBuilt = ["Destination"]

  /// Reads every document of one file. Secret files are read as well: nothing may fail later that
  /// could have failed before the first object was sent.
  mutating func read(_ bytes: [UInt8], file: String) {
    let documents: [YAMLDocuments.Document]
    do {
      documents = try YAMLDocuments.parse(bytes, file: file)
    } catch {
      problems.append("\(error)")
      return
    }
    if documents.isEmpty { problems.append("\(file): it holds no document") }
    let directory = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? ""
    for document in documents { read(document, directory: directory) }
  }

  /// The objects, referred-to ones first, or every problem that was found.
  func result() throws -> [ManifestObject] {
    guard problems.isEmpty else {
      throw CommandFailure(
        problems,
        hint: "nothing was sent; correct this and apply again",
        exit: .failure
      )
    }
    return objects.enumerated()
      .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element)
  }

  private mutating func read(_ document: YAMLDocuments.Document, directory: String) {
    let place = document.place
    guard case .mapping(let mapping) = document.node else {
      let found = StrictMapping.kind(document.node)
      problems.append(
        "\(place.problem("a document must be a mapping with \"kind\", not \(found)", at: document.node))"
      )
      return
    }
    guard let kind = mapping["kind"]?.scalar?.string else {
      let kinds = Self.kinds.joined(separator: ", ")
      problems.append(
        "\(place.problem("the document needs \"kind\", one of \(kinds)", at: document.node))"
      )
      return
    }
    let object: ManifestObject?
    let found: [YAMLProblem]
    switch kind {
    case "Credential":
      (object, found) = credential(document.node, place, directory)
    case "Source": (object, found) = Self.source(document.node, place)
    case "Sync": (object, found) = SyncManifest.parse(document.node, place)
    default:
      let isKnown = Self.kindsNotBuilt.contains(kind)
      let guess = Suggestion.nearest(to: kind, in: Self.kinds).map { "; did you mean \"\($0)\"?" }
      let kinds = Self.kinds.joined(separator: ", ")
      let message =
        isKnown
        ? "kind \"\(kind)\" is not built yet; this version has: \(kinds)"
        : "there is no kind \"\(kind)\"" + (guess ?? "") + "; the kinds are: \(kinds)"
      (object, found) = (nil, [place.problem(message, at: mapping["kind"])])
    }
    problems += found.map(\.description)
    guard found.isEmpty, let object else { return }
    let key = object.kind + " " + object.name
    if let other = places[key] {
      let where_ = other.document.map { "document \($0)" } ?? other.file
      problems.append(
        "\(place.problem("\(object.kind) \"\(object.name)\" stands twice, also in \(where_)", at: document.node))"
      )
      return
    }
    places[key] = place
    objects.append(object)
  }

  private mutating func credential(_ node: Node, _ place: YAMLPlace, _ directory: String)
    -> (ManifestObject?, [YAMLProblem])
  {
    let map = StrictMapping(
      node,
      what: "a Credential",
      keys: [
        "kind", "name", "type", "username", "secretFile", "passphraseFile", "keyBits", "algorithm",
      ],
      place: place
    )
    let name = map.requiredText("name")
    let username = map.text("username") ?? ""
    if map["type"] == nil {
      map.add("a Credential needs \"type\": one of \(CredentialKind.names.joined(separator: ", "))")
    }
    let type = map.choice("type", of: CredentialKind.names, notBuilt: []).flatMap {
      CredentialKind(name: $0)
    }
    let bits = map.integer("keyBits", in: 2048...4096)
    guard let type else { return (nil, map.problems) }
    let problem = CredentialManifest.problem(
      type,
      has: map["secretFile"] != nil,
      passphrase: map["passphraseFile"] != nil,
      keyBits: map["keyBits"] != nil,
      algorithm: map.text("algorithm"),
      names: ("\"secretFile\"", "\"passphraseFile\"", "\"keyBits\"", "\"algorithm\"")
    )
    if let problem { map.add(problem, at: map["secretFile"] ?? map["keyBits"]) }
    var manifest = CredentialManifest(name: name, type: type, username: username)
    manifest.keyBits = UInt32(bits ?? 0)
    manifest.algorithm = map.text("algorithm") ?? ""
    // What cannot be read is a problem of the file's own; the others are still found.
    for (key, place) in [
      ("secretFile", \CredentialManifest.secret), ("passphraseFile", \.passphrase),
    ] {
      guard map.problems.isEmpty, let path = map.text(key) else { continue }
      do {
        manifest[keyPath: place] = try secrets.read(
          path,
          relativeTo: directory,
          owner: "Credential \"\(name)\""
        )
      } catch {
        let message = (error as? CommandFailure)?.messages.first ?? "\(error)"
        map.add(message, at: map[key])
      }
    }
    guard map.problems.isEmpty else { return (nil, map.problems) }
    return (.credential(manifest), [])
  }

  private static func source(_ node: Node, _ place: YAMLPlace) -> (ManifestObject?, [YAMLProblem]) {
    let map = StrictMapping(
      node,
      what: "a Source",
      keys: ["kind", "name", "type", "settings", "credential"],
      place: place
    )
    let source = SourceManifest(
      name: map.requiredText("name"),
      type: map.requiredText("type", "such as postgresql or sqlite"),
      settings: map.textsByName("settings"),
      credential: map.text("credential") ?? ""
    )
    return (.source(source), map.problems)
  }
}
