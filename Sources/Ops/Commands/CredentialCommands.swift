import ArgumentParser
import RPC
import VaultAPI

struct CredentialNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "credential",
    abstract: "Passwords and key pairs, kept by the vault.",
    subcommands: [CredentialList.self, CredentialShow.self, CredentialCreate.self]
      + NotBuilt.credential
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
    abstract: "Shows a credential; of a key pair also the public key and how to register it."
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
    discussion: "The secret comes from a file or standard input, never from a flag."
  )
  @Argument(help: "The credential's name.") var name: String
  @Option(help: "password or key_pair.") var type: String
  @Option(help: "The login that the secret belongs to.") var username = ""
  @Option(help: "The file of the password, or - for standard input.") var secretFile: String?
  @Option(help: "A key pair's size in bits, 2048 to 4096.") var keyBits: UInt32?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard CredentialTypes.built.contains(type) else {
      let built = CredentialTypes.built.joined(separator: ", ")
      throw ValidationError(
        CredentialTypes.notBuilt.contains(type)
          ? "type \"\(type)\" is not built yet; this version has: \(built)"
          : "--type must be one of \(built), not \"\(type)\""
      )
    }
    if type == "password", secretFile == nil {
      throw ValidationError("a password needs --secret-file FILE, or - for standard input")
    }
    if type == "password", keyBits != nil { throw ValidationError("--key-bits is for key_pair") }
    if type == "key_pair", secretFile != nil {
      throw ValidationError("a key_pair has no --secret-file: the vault makes the pair itself")
    }
    if let keyBits, !(2048...4096).contains(keyBits) {
      throw ValidationError("--key-bits must be from 2048 to 4096, not \(keyBits)")
    }
  }

  func run(in session: Session) async throws -> ExitStatus {
    var secrets = SecretFile(standardInput: session.environment.readStandardInput)
    let secret = try secretFile.map {
      try secrets.read($0, relativeTo: "", owner: "credential \"\(name)\"")
    }
    let manifest = CredentialManifest(
      name: name,
      username: username,
      secret: secret.map { .password($0) } ?? .keyPair(bits: keyBits ?? 0)
    )
    let (change, credential) = try await session.put(manifest)
    session.say("credential \"\(name)\" \(change)")
    try session.showCredential(credential)
    return .ok
  }
}

extension Session {
  func showCredential(_ credential: Credential) throws {
    var record = Record(credential)
    if let statement = credential.registrationStatement {
      record.fields.append("register_with", .text(statement))
    }
    guard options.output == .table, !credential.publicKey.isEmpty else {
      return try printer().show(record)
    }
    // PEM stays PEM: whoever copies it from the screen needs its lines.
    var fields = record.fields
    fields.fields.removeAll { $0.name == "public_key" || $0.name == "register_with" }
    var text = TableRenderer.details(fields) + "\n"
    text += TerminalText.safe(credential.publicKey, keepingNewlines: true)
    if !text.hasSuffix("\n") { text += "\n" }
    if let statement = credential.registrationStatement { text += "\n" + statement + "\n" }
    try environment.output.write(text)
  }

  /// Sends a credential; answers what that changed.
  func put(_ manifest: CredentialManifest) async throws -> (String, Credential) {
    var request = PutCredentialRequest(
      workspace: try workspace(),
      name: manifest.name,
      username: manifest.username
    )
    switch manifest.secret {
    case .keyPair(let bits):
      request.type = .keyPair
      request.keyBits = bits
    case .password(let secret):
      request.type = .password
      request.secret = secret.bytes
    }
    let sent = request
    let response = try await calling(.vault) {
      try await links.vault().putCredential(sent, options: callOptions)
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
