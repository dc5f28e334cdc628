import ArgumentParser
import RPC
import ServiceRuntime
import VaultAPI

struct VaultNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vault",
    abstract: "The vault as a whole: sealing, its keys, its backups.",
    subcommands: [
      VaultStatusCommand.self, VaultSeal.self, VaultUnseal.self, VaultRotateMaster.self,
      VaultRotateRoot.self, VaultVerify.self, VaultBackupCommand.self, VaultRestoreCommand.self,
    ]
  )
}

struct VaultStatusCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Whether the vault is sealed, and what is in it."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try await session.showVault {
      try await $0.getVaultStatus(GetVaultStatusRequest(), options: session.callOptions)
    }
  }
}

struct VaultSeal: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Has the vault forget its keys; runs fail until it is unsealed."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try await session.showVault {
      try await $0.sealVault(SealVaultRequest(), options: session.callOptions)
    }
  }
}

struct VaultUnseal: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "unseal",
    abstract: "Unlocks the vault, by its configured master key or by a passphrase."
  )
  @Option(help: "The file of the passphrase, or - for standard input.") var passphraseFile: String?
  @Flag(help: "Make a new vault, if there is none yet.") var create = false
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = UnsealVaultRequest(
      passphrase: try session.passphrase(passphraseFile),
      create: create
    )
    return try await session.showVault {
      try await $0.unsealVault(request, options: session.callOptions)
    }
  }
}

struct VaultRotateMaster: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-master",
    abstract: "Changes the master key, in two steps; nothing is encrypted anew.",
    discussion: """
      1. sluice vault rotate-master --new-key-file FILE     both keys unlock the vault
      2. give the vault's configuration the new key, and its backup place
      3. sluice vault rotate-master --finish                only the new key does
      """
  )
  @Option(help: "The file of the new key: 32 bytes or 64 hex digits.") var newKeyFile: String?
  @Option(help: "The file of a new passphrase, or - for standard input.")
  var newPassphraseFile: String?
  @Flag(help: "Remove the old key: the configured one must be the new one.") var finish = false
  @Option(help: "With --finish: the file of the new passphrase.") var passphraseFile: String?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    let ways = [newKeyFile != nil, newPassphraseFile != nil, finish].filter(\.self).count
    guard ways == 1 else {
      throw ValidationError("give one of --new-key-file, --new-passphrase-file and --finish")
    }
    if passphraseFile != nil, !finish { throw ValidationError("--passphrase-file is for --finish") }
  }

  func run(in session: Session) async throws -> ExitStatus {
    if finish {
      let request = FinishMasterKeyRequest(passphrase: try session.passphrase(passphraseFile))
      return try await session.showVault {
        try await $0.finishMasterKey(request, options: session.callOptions)
      }
    }
    var request = AddMasterKeyRequest(passphrase: try session.passphrase(newPassphraseFile))
    if let newKeyFile { request.key = try MasterKeyText.read(newKeyFile) }
    let sent = request
    let status = try await session.showVault {
      try await $0.addMasterKey(sent, options: session.callOptions)
    }
    session.hint(
      "both keys unlock the vault now; install the new one, then: sluice vault rotate-master --finish"
    )
    return status
  }
}

struct VaultRotateRoot: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-root",
    abstract: "Replaces the root key: wraps the key of every secret anew."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    try await session.showVault {
      try await $0.rotateRootKey(RotateRootKeyRequest(), options: session.longCallOptions)
    }
  }
}

struct VaultVerify: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Opens and checks everything in the vault: rows, secrets, audit log."
  )
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus { try await session.verifyVault() }
}

struct VaultBackupCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Writes the whole vault, encrypted, to a new file. The master key is not in it."
  )
  @Option(name: [.customShort("f"), .long], help: "The file to write; it must not be there yet.")
  var file: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    guard !RegularFile.exists(file) else {
      throw CommandFailure("\(file) exists already and is not replaced", exit: .failure)
    }
    let bytes = try await session.calling(.vault) {
      try await session.links.vaultOperations().backupVault(
        BackupVaultRequest(),
        options: session.longCallOptions
      ) { chunks in
        var bytes: [UInt8] = []
        while let chunk = try await chunks.next() { bytes += chunk.data }
        return bytes
      }
    }
    do {
      try RegularFile.write(bytes, to: file)
    } catch {
      throw CommandFailure("\(error)", exit: .failure)
    }
    session.say("wrote \(bytes.count) bytes to \(file); keep the master key in another place")
    return .ok
  }
}

struct VaultRestoreCommand: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Fills an empty vault from a backup; the configured master key must open it."
  )
  @Option(name: [.customShort("f"), .long], help: "The file that a backup wrote.") var file: String
  @Option(help: "The file of the passphrase, where the vault has no configured master key.")
  var passphraseFile: String?
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let bytes: [UInt8]
    do {
      bytes = try RegularFile.read(file, limit: 1 << 30)
    } catch {
      throw CommandFailure("\(error)", exit: .failure)
    }
    let passphrase = try session.passphrase(passphraseFile)
    return try await session.showVault { client in
      try await client.restoreVault(options: session.longCallOptions) { requests in
        try await requests.write(RestoreVaultRequest(passphrase: passphrase))
        for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
          let chunk = bytes[start..<min(start + 64 << 10, bytes.count)]
          try await requests.write(RestoreVaultRequest(data: Array(chunk)))
        }
      }
    }
  }
}

extension Session {
  /// Prints the vault's status after a call.
  fileprivate func showVault(
    _ call: (VaultOperationsClient) async throws -> VaultStatus
  ) async throws -> ExitStatus {
    let status = try await calling(.vault) { try await call(links.vaultOperations()) }
    try printer().show(Record(status))
    return .ok
  }

  fileprivate func passphrase(_ file: String?) throws -> [UInt8] {
    guard let file else { return [] }
    var secrets = SecretFile(standardInput: environment.readStandardInput)
    return try secrets.read(file, relativeTo: "", owner: "the passphrase").bytes
  }

  func verifyVault() async throws -> ExitStatus {
    let found = try await calling(.vault) {
      try await links.vaultOperations().verifyVault(
        VerifyVaultRequest(),
        options: longCallOptions
      )
    }
    try printer().show(Record(found))
    guard found.problems.isEmpty else {
      throw CommandFailure(
        found.problems,
        hint: "restore a backup into an empty vault: sluice vault restore -f FILE",
        code: "damaged_store",
        exit: .failure
      )
    }
    return .ok
  }
}
