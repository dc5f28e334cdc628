import ArgumentParser
import OrchestratorAPI
import RPC
import VaultAPI

struct CredentialRotate: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate",
    abstract: "Makes a key pair's next key, beside the one that signs, and shows its public key.",
    discussion: """
      1. sluice credential rotate NAME      the next key; run the statement that it prints
      2. sluice credential test NAME        a login with it proves it
      3. sluice credential promote NAME     it signs from now on; the one before it goes in a day
      Said again it shows the same key again.
      """
  )
  @Argument(help: "The credential's name.") var name: String
  @Option(help: "The new key's size in bits, 2048 to 4096; as many as now if not given.")
  var keyBits: UInt32?
  @Flag(help: "Destroys a next key that is not proven, and makes another.") var restart = false
  @Option(help: "The file of a private key (PEM) to take instead.") var secretFile: String?
  @Option(help: "The file of that key's passphrase.") var passphraseFile: String?
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    var secrets = SecretFile(standardInput: session.environment.readStandardInput)
    let owner = "credential \"\(name)\""
    let request = RotateKeyRequest(
      workspace: try session.workspace(),
      name: name,
      keyBits: keyBits ?? 0,
      restart: restart,
      secret: try secretFile.map { try secrets.read($0, relativeTo: "", owner: owner).bytes } ?? [],
      passphrase: try passphraseFile.map {
        try secrets.read($0, relativeTo: "", owner: owner).bytes
      } ?? []
    )
    let credential = try await session.calling(.vault) {
      try await session.links.vault().rotateKey(request, options: session.callOptions)
    }
    try session.showCredential(credential)
    session.hint(
      "register this public key, then: sluice credential test \(name), and: "
        + "sluice credential promote \(name)"
    )
    return .ok
  }
}

struct CredentialPromote: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Lets the next key sign; the one before it can for a while, then it is destroyed.",
    discussion: """
      The next key must be proven: by a login (sluice credential test), or by the fingerprint that the
      warehouse shows for it (Snowflake: DESCRIBE USER, RSA_PUBLIC_KEY_FP or RSA_PUBLIC_KEY_2_FP).
      """
  )
  @Argument(help: "The credential's name.") var name: String
  @Option(help: "The fingerprint that the warehouse shows, SHA256:…") var fingerprint = ""
  @Option(
    help: "How long the key before it can still sign, such as 24h.",
    transform: GlobalOptions.duration
  )
  var grace: Duration?
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = PromoteKeyRequest(
      workspace: try session.workspace(),
      name: name,
      fingerprint: fingerprint,
      graceSeconds: grace?.components.seconds ?? 0
    )
    let credential = try await session.calling(.vault) {
      try await session.links.vault().promoteKey(request, options: session.callOptions)
    }
    session.say("key \(credential.version) of credential \"\(name)\" signs now")
    try session.showCredential(credential)
    return .ok
  }
}

struct CredentialDestroyKey: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "destroy-key",
    abstract: "Destroys a key that does not sign at present: at once, and for good."
  )
  @Argument(help: "The credential's name.") var name: String
  @Argument(help: "The key's version.") var version: UInt32
  @Flag(help: "Yes, destroy it.") var yes = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try session.confirm(yes, "destroys key \(version) of credential \"\(name)\"")
    let request = DestroyKeyRequest(
      workspace: try session.workspace(),
      name: name,
      version: version
    )
    _ = try await session.calling(.vault) {
      try await session.links.vault().destroyKey(request, options: session.callOptions)
    }
    session.say("key \(version) of credential \"\(name)\" destroyed")
    return .ok
  }
}

struct CredentialTest: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Signs in at every source that uses it; that proves a key pair's next key."
  )
  @Argument(help: "The credential's name.") var name: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let workspace = try session.workspace()
    _ = try await session.calling(.vault) {
      try await session.links.vault().getCredential(
        GetCredentialRequest(workspace: workspace, name: name),
        options: session.callOptions
      )
    }
    let orchestrator = try session.links.orchestrator()
    let sources = try await session.calling(.orchestrator) {
      try await orchestrator.listSources(
        ListSourcesRequest(workspace: workspace),
        options: session.callOptions
      ) { reader in
        var names: [String] = []
        while let source = try await reader.next() {
          if source.credential == name { names.append(source.name) }
        }
        return names
      }
    }
    guard !sources.isEmpty else {
      throw CommandFailure(
        "no source uses credential \"\(name)\", so that there is nowhere to sign in",
        hint: "make a source with: sluice apply -f FILE",
        exit: .failure
      )
    }
    var failed: CommandFailure?
    for source in sources {
      session.say("signing in at source \"\(source)\"")
      let report = try await session.calling(.orchestrator, source) {
        try await orchestrator.testSource(
          TestSourceRequest(workspace: workspace, name: source),
          options: session.longCallOptions
        ) { try await session.report(of: $0) }
      }
      do {
        _ = try session.show(report, name: source, what: "source")
      } catch let failure as CommandFailure {
        failed = failed ?? failure
      }
    }
    if let failed { throw failed }
    return .ok
  }
}
