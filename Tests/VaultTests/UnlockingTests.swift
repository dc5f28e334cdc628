import Crypto
import Glibc
import SyncModel
import TestSupport
import Testing
import Vault
import VaultAPI

@Suite("Vault: unlocking")
struct UnlockingTests {
  @Test("After a restart everything is there")
  func restart() async throws {
    let house = try VaultHouse()
    let before = try await house.run { vault in
      try await vault.put(password: "hunter2")
      try await vault.putKeyPair()
      return try await vault.list()
    }
    try await house.run { (vault) async throws in
      #expect(try await vault.list() == before)
      #expect(try await vault.release().secret == Array("hunter2".utf8))
      #expect(try await vault.put(password: "hunter2").change == .unchanged)
    }
  }

  @Test("Another master key is told from a damaged store")
  func wrongMasterKey() async throws {
    let house = try VaultHouse()
    try await house.run { try await $0.put(password: "p") }
    _ = try MasterKey.generate(file: house.directory.file("other.key"))
    let failure = try await failureToOpen(house, masterKeyFile: "other.key")
    #expect(failure.code == "wrong_master_key")
    #expect(failure.recovery == .needsOperator)
    // The right one still opens it.
    try await house.run { (vault) async throws in
      #expect(try await vault.release().secret == Array("p".utf8))
    }
  }

  @Test(
    "With the right master key, a changed root key or identity is damage",
    arguments: [
      "UPDATE unlock_slot SET wrapped_root = zeroblob(48)",
      "UPDATE unlock_slot SET root_salt = zeroblob(32)",
      "UPDATE unlock_slot SET root_nonce = x''",
      "UPDATE unlock_slot SET canary = zeroblob(35)",
      "DELETE FROM unlock_slot",
      "DELETE FROM vault_meta",
    ]
  )
  func damaged(statement: String) async throws {
    let house = try VaultHouse()
    try await house.run { try await $0.put(password: "p") }
    try await house.edit(statement)
    #expect(try await failureToOpen(house).code == "damaged_store")
  }

  @Test("A vault that lost its identity before its first credential is not made anew")
  func lostIdentity() async throws {
    let house = try VaultHouse()
    try await house.run { _ in }
    try await house.edit("DELETE FROM vault_meta")
    #expect(try await failureToOpen(house).code == "damaged_store")
  }

  private func failureToOpen(
    _ house: VaultHouse,
    masterKeyFile: String = "master.key"
  ) async throws -> Failure {
    do {
      try await house.run(masterKeyFile: masterKeyFile) { _ in }
    } catch let failure as Failure {
      return failure
    }
    throw Unrefused()
  }
}

@Suite("Master key files")
struct MasterKeyTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func write(_ bytes: [UInt8], mode: mode_t = 0o600) -> String {
    let path = directory.file("key")
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    #expect(fchmod(descriptor, mode) == 0)
    close(descriptor)
    return path
  }

  private func refusal(_ path: String) -> Failure? {
    do {
      _ = try MasterKey.load(file: path)
      return nil
    } catch { return error }
  }

  @Test("A generated key is for its owner only, can be loaded, and is never replaced")
  func generated() throws {
    let path = directory.file("master.key")
    _ = try MasterKey.generate(file: path)
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o600)
    #expect(status.st_size == 65)
    #expect(refusal(path) == nil)
    let again = #expect(throws: Failure.self) { try MasterKey.generate(file: path) }
    #expect(again?.code == "master_key_exists")
  }

  @Test("Raw bytes and hex digits of the same key open the same vault")
  func forms() async throws {
    let house = try VaultHouse()
    let hex = String(repeating: "0fA9", count: 16)
    let raw = Hex.decode(Array(hex.utf8)) ?? []
    let files = [raw, Array(hex.utf8), Array((hex + "\n").utf8)]
    for (index, content) in files.enumerated() {
      let path = house.directory.file("key-\(index)")
      let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
      #expect(Glibc.write(descriptor, content, content.count) == content.count)
      close(descriptor)
      try await house.run(masterKeyFile: "key-\(index)") { vault in
        let change = try await vault.put(password: "p").change
        #expect(change == (index == 0 ? .created : .unchanged))
      }
    }
  }

  @Test(
    "Content that is no key is refused",
    arguments: [
      [], Array("short".utf8), [UInt8](repeating: 1, count: 31), [UInt8](repeating: 1, count: 33),
      [UInt8](repeating: UInt8(ascii: "a"), count: 32),
      [UInt8](repeating: UInt8(ascii: "a"), count: 63),
      [UInt8](repeating: UInt8(ascii: "g"), count: 64),
      [UInt8](repeating: UInt8(ascii: "a"), count: 66),
      [UInt8](repeating: UInt8(ascii: "a"), count: 100_000),
    ]
  )
  func content(bytes: [UInt8]) throws {
    let failure = try #require(refusal(write(bytes)))
    #expect(failure.code == "master_key_invalid")
    #expect(failure.message.contains("64 hex digits"))
  }

  @Test(
    "A file that others may touch is refused, with the command that mends it",
    arguments: [mode_t(0o640), 0o604, 0o620, 0o601, 0o777]
  )
  func exposed(mode: mode_t) throws {
    let path = write([UInt8](repeating: 1, count: 32), mode: mode)
    let failure = try #require(refusal(path))
    #expect(failure.code == "master_key_exposed")
    #expect(failure.message.contains("chmod 600 \(path)"))
  }

  @Test("A missing file, a directory and a pipe are refused by name")
  func notAFile() throws {
    let pipe = directory.file("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    for path in [directory.file("absent"), directory.path, pipe] {
      let failure = try #require(refusal(path))
      #expect(failure.code == "master_key_unreadable")
      #expect(failure.message.contains(path))
    }
  }
}
