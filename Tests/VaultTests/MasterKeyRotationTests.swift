import Crypto
import RPC
import SyncModel
import TestSupport
import Testing
import VaultAPI

@testable import Vault

@Suite("Vault: sealing, passphrases and changes of the master key")
struct MasterKeyRotationTests {
  private static let passphrase = Array("correct horse battery".utf8)
  private static let other = Array("another passphrase".utf8)

  private func unseal(
    _ vault: VaultCaller,
    _ passphrase: [UInt8],
    create: Bool = false
  ) async throws -> VaultStatus {
    try await vault.operations.unsealVault(
      UnsealVaultRequest(passphrase: passphrase, create: create)
    )
  }

  @Test("A sealed vault answers its status and nothing else, and unseals by its configured key")
  func sealed() async throws {
    let house = try VaultHouse()
    try await house.run { (vault) async throws in
      try await vault.put(password: "p")
      #expect(try await vault.operations.sealVault(SealVaultRequest()).sealed)
      for call in [
        { _ = try await vault.get() }, { _ = try await vault.release() },
        { _ = try await vault.put(password: "q") }, { _ = try await vault.list() },
        { _ = try await vault.operations.verifyVault(VerifyVaultRequest()) },
        { _ = try await vault.operations.rotateRootKey(RotateRootKeyRequest()) },
      ] as [() async throws -> Void] {
        let error = try await refusal(call)
        #expect(error.code == .failedPrecondition)
        #expect(error.reason == "vault_sealed")
      }
      let status = try await vault.operations.getVaultStatus(GetVaultStatusRequest())
      #expect(status.sealed && status.slots.isEmpty)
      #expect(try await unseal(vault, []).sealed == false)
      #expect(try await vault.release().secret == Array("p".utf8))
    }
  }

  @Test("A vault with a passphrase is made on request only, starts sealed, and opens for it alone")
  func passphrase() async throws {
    let house = try VaultHouse()
    try await house.run(masterKey: nil) { (vault) async throws in
      #expect(try await refusal { try await vault.list() }.reason == "vault_sealed")
      let absent = try await refusal { try await unseal(vault, Self.passphrase) }
      #expect(absent.reason == "vault_not_created")
      let short = try await refusal {
        try await unseal(vault, Array("eleven char".utf8), create: true)
      }
      #expect(short.reason == "invalid_passphrase")
      #expect(try await refusal { try await unseal(vault, []) }.reason == "passphrase_needed")
      let made = try await unseal(vault, Self.passphrase, create: true)
      #expect(made.slots.map(\.kind) == ["passphrase"])
      try await vault.put(password: "p")
    }
    try await house.run(masterKey: nil) { (vault) async throws in
      #expect(try await refusal { try await vault.release() }.reason == "vault_sealed")
      let wrong = try await refusal { try await unseal(vault, Self.other) }
      #expect(wrong.reason == "wrong_master_key")
      #expect(try await refusal { try await vault.release() }.reason == "vault_sealed")
      _ = try await unseal(vault, Self.passphrase)
      #expect(try await vault.release().secret == Array("p".utf8))
    }
  }

  @Test("From a key to a passphrase: both open between, the key does not after")
  func toPassphrase() async throws {
    let house = try VaultHouse()
    try await house.run { (vault) async throws in
      try await vault.put(password: "p")
      let added = try await vault.operations.addMasterKey(
        AddMasterKeyRequest(passphrase: Self.passphrase)
      )
      #expect(added.slots.map(\.kind) == ["key", "passphrase"])
      let second = try await refusal {
        try await vault.operations.addMasterKey(AddMasterKeyRequest(passphrase: Self.other))
      }
      #expect(second.reason == "master_key_rotation_under_way")
      // The configuration still gives the old key: finishing by it would keep the wrong one.
      let early = try await refusal {
        try await vault.operations.finishMasterKey(FinishMasterKeyRequest())
      }
      #expect(early.reason == "old_master_key_configured")
    }
    try await house.run { (vault) async throws in
      #expect(try await vault.release().secret == Array("p".utf8))
    }
    try await house.run(masterKey: nil) { (vault) async throws in
      _ = try await unseal(vault, Self.passphrase)
      let wrong = try await refusal {
        try await vault.operations.finishMasterKey(FinishMasterKeyRequest(passphrase: Self.other))
      }
      #expect(wrong.reason == "wrong_master_key")
      let finished = try await vault.operations.finishMasterKey(
        FinishMasterKeyRequest(passphrase: Self.passphrase)
      )
      #expect(finished.slots.map(\.kind) == ["passphrase"])
      // A root key that is changed under a passphrase opens with it again.
      #expect(try await vault.operations.rotateRootKey(RotateRootKeyRequest()).rootId == 2)
      _ = try await vault.operations.sealVault(SealVaultRequest())
      _ = try await unseal(vault, Self.passphrase)
      #expect(try await vault.release().secret == Array("p".utf8))
      #expect(try await vault.operations.verifyVault(VerifyVaultRequest()).problems == [])
    }
    let failure = await #expect(throws: Failure.self) { try await house.run { _ in } }
    #expect(failure?.code == "wrong_master_key")
  }

  @Test("The same key again, none, both, and one that is too short are refused")
  func refused() async throws {
    let house = try VaultHouse()
    let key = try MasterKey.load(file: house.directory.file("master.key")).secret.copyBytes()
    try await house.run { (vault) async throws in
      for (request, reason) in [
        (AddMasterKeyRequest(key: key), "same_master_key"),
        (AddMasterKeyRequest(), "invalid_master_key"),
        (AddMasterKeyRequest(key: key, passphrase: Self.passphrase), "invalid_master_key"),
        (AddMasterKeyRequest(key: [1, 2, 3]), "master_key_invalid"),
        (AddMasterKeyRequest(passphrase: Array("short".utf8)), "invalid_passphrase"),
      ] {
        let error = try await refusal { try await vault.operations.addMasterKey(request) }
        #expect(error.reason == reason)
      }
    }
  }

  @Test(
    "A program gives the key; one that fails, is silent or says too much is named, not its output"
  )
  func command() async throws {
    let house = try VaultHouse()
    let file = house.directory.file("master.key")
    try await house.run(masterKey: .command(["/bin/cat", file])) { (vault) async throws in
      try await vault.put(password: "p")
      let status = try await vault.operations.getVaultStatus(GetVaultStatusRequest())
      #expect(status.masterKeySource == "command")
    }
    for (arguments, code, words) in [
      (["/bin/false"], "master_key_command_failed", "ended with code 1"),
      (["/no/such/program"], "master_key_command_failed", "No such file"),
      (["cat", file], "master_key_command_failed", "absolute path"),
      (["/usr/bin/head", "-c", "5000", "/dev/zero"], "master_key_command_failed", "too much"),
      (["/bin/echo", "no key"], "master_key_invalid", "64 hex digits"),
    ] {
      let failure = #expect(throws: Failure.self) { try MasterKeySource.command(arguments).load() }
      #expect(failure?.code == code)
      #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
      #expect(failure?.message.contains("no key") != true)
    }
  }
}
