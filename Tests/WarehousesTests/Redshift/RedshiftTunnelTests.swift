import Crypto
import Foundation
import Glibc
import Loopback
import SyncModel
import Synchronization
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// The numbers are those of docs/warehouses/redshift.md. The bastion is a real sshd.
@Suite("Redshift: the private network")
struct RedshiftTunnelTests {
  let fixture: RedshiftFixture
  let pair: SSHKeyPair
  let bastion: Bastion

  init() async throws {
    fixture = try await RedshiftFixture()
    pair = try SSHKeyPair.generate(.ed25519, bits: 0)
    bastion = try Bastion(pair)
  }

  func connect(
    _ changes: [String: String?] = [:],
    through bastion: Bastion? = nil,
    signer: KeySigner? = nil
  ) async throws -> any WarehouseConnection {
    let bastion = bastion ?? self.bastion
    var credentials = fixture.credentials
    credentials.named["tunnel_credential"] = (signer ?? KeySigner(pair: pair)).credential(
      bastion.user
    )
    return try await fixture.connect(try bastion.settings(changes), credentials)
  }

  /// Also looks that no child is left.
  func failure(
    _ changes: [String: String?] = [:],
    through bastion: Bastion? = nil,
    signer: KeySigner? = nil
  ) async throws -> Failure {
    let failure = try await #require(throws: Failure.self) {
      try await connect(changes, through: bastion, signer: signer).close()
    }
    #expect(try (bastion ?? self.bastion).children().isEmpty)
    return failure
  }

  @Test(
    "15, 17: a read through the tunnel, with a fingerprint pinned or a whole key; no child is left"
  )
  func success() async throws {
    try fixture.createLarge(rows: 20_000)
    for key in [try bastion.fingerprint, bastion.hostKey] {
      let connection = try await connect(["tunnel_host_key": key])
      #expect(try bastion.children().count == 1)
      #expect(try await connection.rows(fixture.selection("large")).count == 20_000)
      await connection.close()
      #expect(try bastion.children().isEmpty)
    }
    let folders = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
    #expect(!folders.contains { $0.hasPrefix("sluice-ssh-") && owns("/tmp/\($0)/known_hosts") })
  }

  private func owns(_ file: String) -> Bool {
    (try? String(contentsOfFile: file, encoding: .utf8))?.contains(
      bastion.hostKey.split(separator: " ").dropFirst().first ?? "-"
    ) == true
  }

  @Test("15: an RSA key in the vault signs by SHA-2")
  func rsa() async throws {
    let pair = try SSHKeyPair.generate(.rsa, bits: 3072)
    let bastion = try Bastion(pair)
    let connection = try await connect(through: bastion, signer: KeySigner(pair: pair))
    #expect(await connection.server.hasPrefix("Redshift"))
    await connection.close()
  }

  @Test("15: a key that the bastion does not know: the line that is missing there")
  func wrongKey() async throws {
    let other = KeySigner(pair: try SSHKeyPair.generate(.ed25519, bits: 0))
    let failure = try await failure(signer: other)
    #expect(failure.code == "tunnel_key_refused" && failure.recovery == .needsOperator)
    let line = other.publicKey.split(separator: " ").prefix(2).joined(separator: " ")
    #expect(failure.message.contains(line) && failure.message.contains("authorized_keys"))
  }

  @Test("15: a host key that nobody has confirmed: its fingerprint, and how to confirm it")
  func unknownHostKey() async throws {
    let failure = try await failure(["tunnel_host_key": nil])
    #expect(failure.code == "tunnel_host_key_unknown" && failure.recovery == .needsOperator)
    #expect(failure.message.contains(try bastion.fingerprint))
    #expect(failure.message.contains("\"tunnel_host_key\""))
  }

  @Test("15: a host key that has changed is a hard error, with both fingerprints")
  func changedHostKey() async throws {
    let old = try Bastion(pair)
    for key in [try old.fingerprint, old.hostKey] {
      let failure = try await failure(["tunnel_host_key": key])
      #expect(failure.code == "tunnel_host_key_changed" && failure.recovery == .needsOperator)
      #expect(failure.message.contains(try old.fingerprint))
      #expect(failure.message.contains(try bastion.fingerprint))
    }
  }

  @Test("15: a bastion that cannot reach the cluster, or may not: which of them, and why")
  func unreachableCluster() async throws {
    let port = try PostgreSQLCluster.freePort()
    let refused = try await failure(["port": "\(port)"])
    #expect(refused.code == "tunnel_cluster_unreachable" && refused.recovery == .retry)
    #expect(refused.message.contains("Connection refused"))
    #expect(
      refused.message.contains("localhost:\(port)") && refused.message.contains("security group")
    )
    let strict = try Bastion(pair, settings: "PermitOpen 127.0.0.1:1")
    let prohibited = try await failure(through: strict)
    #expect(prohibited.code == "tunnel_cluster_unreachable")
    #expect(prohibited.message.contains("prohibited") && prohibited.message.contains("PermitOpen"))
  }

  @Test("15, 17: a tunnel that is killed in the middle of a read: said so, a new one reads on")
  func killed() async throws {
    try fixture.createLarge(rows: 60_000)
    let connection = try await connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    let first = try #require(try await reader.nextBatch())
    for pid in try bastion.children() { kill(pid, SIGKILL) }
    let failure = try await #require(throws: Failure.self) {
      while try await reader.nextBatch() != nil {}
    }
    #expect(failure.code == "tunnel_lost" && failure.recovery == .reconnect)
    await connection.close()
    #expect(try bastion.children().isEmpty)
    let again = try await connect()
    let rest = try await again.rows(fixture.selection("large"), from: first.lastUpdatedAt)
    #expect(rest.last?.externalID == "user-60000")
    await again.close()
  }

  @Test("15: a local port that another process takes: another one is tried, and told after three")
  func stolenPort() async throws {
    guard let thief = LoopbackSocket() else { throw SystemError("bind") }
    let port = thief.port
    #expect(Glibc.listen(thief.descriptor, 1) == 0)
    let asked = Atomic(0)
    var environment = SSHTunnel.Environment()
    environment.freePort = {
      asked.wrappingAdd(1, ordering: .relaxed).newValue <= 2 ? port : LoopbackSocket()?.port
    }
    let credential = KeySigner(pair: pair).credential(bastion.user)
    let found = try SSHBastion(try bastion.settings(), credential)
    let target = try #require(found)
    let tunnel = try await SSHTunnel.open(
      target,
      to: "localhost",
      port: 1,
      environment: environment
    )
    #expect(tunnel.port != port && asked.load(ordering: .relaxed) == 3)
    await tunnel.close()
    environment.freePort = { port }
    let stolen = environment
    let failure = try await #require(throws: Failure.self) {
      _ = try await SSHTunnel.open(target, to: "localhost", port: 1, environment: stolen)
    }
    #expect(failure.code == "tunnel_port_taken" && failure.recovery == .retry)
    #expect(try bastion.children().isEmpty)
    // It lives until here: what cannot be copied goes after its last use.
    #expect(thief.port == port)
  }

  @Test("a bastion that is not there, or silent; a vault that does not sign")
  func noBastion() async throws {
    let port = try PostgreSQLCluster.freePort()
    let refused = try await failure(["tunnel_port": "\(port)"])
    #expect(refused.code == "tunnel_unreachable" && refused.recovery == .retry)
    let pinned = try await failure(["tunnel_port": "\(port)", "tunnel_host_key": bastion.hostKey])
    #expect(pinned.code == "tunnel_unreachable" && pinned.message.contains("refused"))
    let host = try await failure([
      "tunnel_host": "no-such-host.invalid", "tunnel_host_key": bastion.hostKey,
    ])
    #expect(host.code == "tunnel_host_not_found")
    var signer = KeySigner(pair: pair)
    signer.refusal = Failure("vault_unavailable", "the vault is closed", recovery: .retry)
    #expect(try await failure(signer: signer).code == "vault_unavailable")
    // Takes connections and says nothing.
    guard let silent = LoopbackSocket() else { throw SystemError("bind") }
    #expect(Glibc.listen(silent.descriptor, 8) == 0)
    var environment = SSHTunnel.Environment()
    environment.patience = .seconds(1)
    let settings = try bastion.settings([
      "tunnel_port": "\(silent.port)", "tunnel_host_key": bastion.hostKey,
    ])
    let found = try SSHBastion(settings, KeySigner(pair: pair).credential(bastion.user))
    let target = try #require(found)
    let impatient = environment
    let slow = try await #require(throws: Failure.self) {
      _ = try await SSHTunnel.open(target, to: "localhost", port: 1, environment: impatient)
    }
    #expect(slow.code == "tunnel_unreachable" && slow.message.contains("within 1 seconds"))
    #expect(silent.port > 0)
  }

  @Test("16: the certificate is checked to be the cluster's, although 127.0.0.1 is dialled")
  func certificate() async throws {
    let name = try await failure(["host": "127.0.0.1"])
    #expect(name.code == "tls_name_mismatch")
    let untrusted = try await failure(["caFile": fixture.emulator.said.wrongCaFile])
    #expect(untrusted.code == "tls_untrusted")
    let plain = try await failure(["port": "\(fixture.emulator.said.plainPort)"])
    #expect(plain.code == "tls_required")
  }

  @Test(
    "8, 17: cancelling a read reaches the cluster through the tunnel; cancelling a start leaves nothing"
  )
  func cancel() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await connect()
    let query = "SELECT *, pg_sleep(3600)::varchar AS slow FROM \(fixture.from("t"))"
    let reader = try await connection.readChanges(.query(query), data: .attributes, from: nil)
    let task = Task { _ = try await reader.nextBatch() }
    func isActive() throws -> Bool {
      try !fixture.emulator.cluster.sql(
        """
        SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
        AND query LIKE '%pg_sleep(3600)%\(fixture.schema).%'
        """
      ).isEmpty
    }
    while try !isActive() { try await Task.sleep(for: .milliseconds(20)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    while try isActive() { try await Task.sleep(for: .milliseconds(20)) }
    await connection.close()
    let start = Task { try await connect().close() }
    try await Task.sleep(for: .milliseconds(30))
    start.cancel()
    _ = await start.result
    #expect(try bastion.children().isEmpty)
  }

  @Test("17: a start that is cancelled at any moment leaves no child, not even for a while")
  func cancelledStarts() async throws {
    let credential = KeySigner(pair: pair).credential(bastion.user)
    let found = try SSHBastion(try bastion.settings(), credential)
    let target = try #require(found)
    for step in 0..<40 {
      let start = Task { try await SSHTunnel.open(target, to: "localhost", port: 1).close() }
      // The host key is asked for first, then ssh signs in.
      try await Task.sleep(for: .milliseconds(step * 2))
      start.cancel()
      _ = await start.result
      let left = try bastion.children()
      #expect(left.isEmpty, "cancelled after \(step * 2) ms")
    }
  }

  @Test("settings of a tunnel are checked before any program sees them")
  func settings() async throws {
    for (name, value) in [
      ("tunnel_host", "-oProxyCommand=touch /tmp/x"), ("tunnel_host", "a b"),
      ("tunnel_host", "a;b"),
      ("tunnel_user", "-x"), ("tunnel_user", "a b"), ("tunnel_user", "somebody-else"),
      ("tunnel_host_key", "SHA256:short"), ("tunnel_host_key", "ssh-ed25519 !!!!"),
      ("tunnel_host_key", "yes"),
    ] {
      let failure = try await failure([name: value])
      #expect(failure.code == "invalid_settings", "\(name) \(value)")
      #expect(failure.message.contains(name))
    }
    // Who signs in is the key pair's user where nothing else is said.
    try await connect(["tunnel_user": nil]).close()
  }
}

@Suite("The agent's protocol, and host keys as people write them")
struct SSHTextTests {
  @Test("requests are read, and what is none of them is another")
  func requests() {
    typealias Message = SSHAgentMessage
    #expect(Message.request([11]) == .identities)
    #expect(
      Message.request([13, 0, 0, 0, 1, 7, 0, 0, 0, 2, 8, 9]) == .sign(key: [7], data: [8, 9])
    )
    for body: [UInt8] in [
      [], [13], [13, 0, 0, 0, 9, 1], [13, 255, 255, 255, 255], [13, 0, 0, 0, 1, 7, 0, 0, 0, 3, 1],
      [27],
    ] {
      #expect(Message.request(body) == .other)
    }
    #expect(Message.length([0, 0, 0, 0]) == nil && Message.length([255, 255, 255, 255]) == nil)
    #expect(Message.length([0, 0, 64, 0]) == 16_384 && Message.length([0, 0, 64, 1]) == nil)
    #expect(Message.failure == [0, 0, 0, 1, 5])
    #expect(Message.signature([1, 2]) == [0, 0, 0, 7, 14, 0, 0, 0, 2, 1, 2])
  }

  @Test("a fingerprint, a line of known_hosts, a line of ssh-keyscan, a .pub file")
  func hostKeys() throws {
    let pair = try SSHKeyPair.generate(.ed25519, bits: 0)
    let line = pair.authorizedKey(comment: "")
    for text in [
      line, "bastion \(line)", "[1.2.3.4]:2222 \(line) root@bastion",
      " \(line)\n".filter { $0 != "\n" },
    ] {
      let key = try #require(SSHHostKey(text))
      #expect(key.fingerprint == pair.fingerprint)
    }
    #expect(
      SSHHostKey("256 \(pair.fingerprint) root@bastion (ED25519)")?.fingerprint == pair.fingerprint
    )
    // The type that is written and the type in the blob differ.
    #expect(SSHHostKey("ssh-rsa " + line.dropFirst(12)) == nil)
    #expect(SSHHostKey("SHA256:" + String(repeating: "A", count: 44)) == nil)
    #expect(SSHHostKey("") == nil)
  }
}
