import ArgumentParser
import RPC
import VaultAPI

struct CredentialNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "credential",
    abstract: "Passwords, tokens and key pairs, kept by the vault.",
    subcommands: [
      CredentialList.self, CredentialShow.self, CredentialCreate.self, CredentialTest.self,
      CredentialRotate.self, CredentialPromote.self, CredentialDestroyKey.self,
      CredentialDelete.self,
    ]
  )
}

struct CredentialList: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "Lists the credentials, without their secrets."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let printer = session.printer(Record.credentialColumns)
    let request = ListCredentialsRequest(workspace: try session.workspace())
    try await session.calling(.vault) {
      try await session.links.vault().listCredentials(request, options: session.callOptions) {
        while let credential = try await $0.next() { try printer.add(Record(credential)) }
      }
    }
    try printer.finish()
    if printer.isEmpty { session.hint("none yet; make one with: sluice credential create") }
    return .ok
  }
}

struct CredentialShow: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows a credential; of a key pair also the public keys and how to register them."
  )
  @Argument(help: "The credential's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetCredentialRequest(workspace: try session.workspace(), name: name)
    let credential = try await session.calling(.vault) {
      try await session.links.vault().getCredential(request, options: session.callOptions)
    }
    try session.showCredential(credential)
    return .ok
  }
}

struct CredentialCreate: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Makes a credential, or replaces its secret.",
    discussion: """
      The secret comes from a file or standard input, never from a flag.
      Types: \(CredentialKind.names.joined(separator: ", ")).
      """
  )
  @Argument(help: "The credential's name.") var name: String
  @Option(help: "What it is: see below.") var type: String
  @Option(help: "The login that the secret belongs to.") var username = ""
  @Option(help: "The file of the secret, or - for standard input.") var secretFile: String?
  @Option(help: "The file of an encrypted private key's passphrase.") var passphraseFile: String?
  @Option(help: "A key pair's size in bits, 2048 to 4096.") var keyBits: UInt32?
  @Option(help: "An ssh_key_pair's: ed25519 (the default) or rsa.") var algorithm: String?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard let kind = CredentialKind(name: type) else {
      let names = CredentialKind.names.joined(separator: ", ")
      throw ValidationError("--type must be one of \(names), not \"\(type)\"")
    }
    let problem = CredentialManifest.problem(
      kind,
      has: secretFile != nil,
      passphrase: passphraseFile != nil,
      keyBits: keyBits != nil,
      algorithm: algorithm,
      names: ("--secret-file", "--passphrase-file", "--key-bits", "--algorithm")
    )
    if let problem { throw ValidationError(problem) }
    if let keyBits, !(2048...4096).contains(keyBits) {
      throw ValidationError("--key-bits must be from 2048 to 4096, not \(keyBits)")
    }
  }

  func run(in session: Session) async throws -> ExitStatus {
    var secrets = SecretFile(standardInput: session.environment.readStandardInput)
    let owner = "credential \"\(name)\""
    var manifest = CredentialManifest(
      name: name,
      type: CredentialKind(name: type) ?? .unspecified,
      username: username
    )
    manifest.secret = try secretFile.map { try secrets.read($0, relativeTo: "", owner: owner) }
    manifest.passphrase = try passphraseFile.map {
      try secrets.read($0, relativeTo: "", owner: owner)
    }
    manifest.keyBits = keyBits ?? 0
    manifest.algorithm = algorithm ?? ""
    let (change, credential) = try await session.put(manifest)
    session.say("credential \"\(name)\" \(change)")
    try session.showCredential(credential)
    return .ok
  }
}

struct CredentialDelete: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Removes a credential that no active sync uses, and destroys its secrets."
  )
  @Argument(help: "The credential's name.") var name: String
  @Flag(help: "Yes, destroy its secrets.") var yes = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try session.confirm(yes, "destroys the secrets of credential \"\(name)\"")
    let request = DeleteCredentialRequest(workspace: try session.workspace(), name: name)
    _ = try await session.calling(.vault) {
      try await session.links.vault().deleteCredential(request, options: session.callOptions)
    }
    session.say("credential \"\(name)\" deleted")
    return .ok
  }
}

extension Session {
  /// - Throws: a usage error unless the user said yes to what cannot be undone.
  func confirm(_ yes: Bool, _ what: String) throws {
    guard yes else {
      throw CommandFailure("this \(what); say --yes if you mean it", exit: .usage)
    }
  }

  func showCredential(_ credential: Credential) throws {
    var record = Record(credential)
    if let statement = credential.registration {
      record.fields.append("register_with", .text(statement))
    }
    guard options.output == .table, !credential.publicKey.isEmpty else {
      return try printer().show(record)
    }
    // PEM stays PEM: whoever copies it from the screen needs its lines.
    var fields = record.fields
    fields.fields.removeAll { ["public_key", "register_with", "keys"].contains($0.name) }
    var text = TableRenderer.details(fields) + "\n"
    if credential.keys.count > 1 {
      var table = TableRenderer(columns: Record.keyColumns)
      text += credential.keys.map { table.add(Record($0)) }.joined() + table.finish() + "\n"
    }
    text += TerminalText.safe(credential.keyToRegister?.publicKey ?? "", keepingNewlines: true)
    if !text.hasSuffix("\n") { text += "\n" }
    if let statement = credential.registration { text += "\n" + statement + "\n" }
    try environment.output.write(text)
  }

  /// Sends a credential; answers what that changed.
  func put(_ manifest: CredentialManifest) async throws -> (String, Credential) {
    let request = PutCredentialRequest(
      workspace: try workspace(),
      name: manifest.name,
      type: manifest.type,
      username: manifest.username,
      secret: manifest.secret?.bytes ?? [],
      keyBits: manifest.keyBits,
      passphrase: manifest.passphrase?.bytes ?? [],
      algorithm: manifest.algorithm
    )
    let response = try await calling(.vault) {
      try await links.vault().putCredential(request, options: callOptions)
    }
    let credential = response.credential ?? Credential()
    return (response.change.word, credential)
  }
}

extension VaultAPI.Change {
  var word: String {
    switch self {
    case .created: "created"
    case .updated: "updated"
    case .unchanged: "unchanged"
    case .unspecified: "stored"
    }
  }
}
