import Foundation
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

/// The numbers are those of docs/warehouses/redshift.md.
@Suite("Redshift: logging in")
struct RedshiftLoginTests {
  let fixture: RedshiftFixture

  init() async throws { fixture = try await RedshiftFixture() }

  func failure(
    _ changes: [String: String] = [:],
    user: String = "braze_user",
    password: String = RedshiftEmulator.password
  ) async throws -> Failure {
    let failure = try await #require(throws: Failure.self) {
      let credentials = RedshiftFixture.credentials(user, password: password)
      try await fixture.connect(changes, credentials).close()
    }
    #expect(!failure.message.contains(password) && failure.cause?.contains(password) != true)
    return failure
  }

  @Test("1: MD5 and clear text work; SHA-256 is explained; a wrong password is for the operator")
  func methods() async throws {
    for user in ["braze_user", "clear_user"] {
      let connection = try await fixture.connect([:], RedshiftFixture.credentials(user))
      await connection.close()
    }
    let digest = try await failure(user: "sha_user")
    #expect(digest.code == "password_format")
    #expect(digest.recovery == .needsOperator)
    #expect(
      digest.message.contains("SHA-256") && digest.message.contains("ALTER USER \"sha_user\"")
    )
    let wrong = try await failure(password: "canary-wrong")
    #expect(wrong.code == "wrong_password")
    #expect(wrong.recovery == .needsOperator)
    #expect(try await failure(user: "nobody").code == "wrong_password")
    let none = try await #require(throws: Failure.self) {
      _ = try await fixture.connect([:], WarehouseCredentials())
    }
    #expect(none.code == "credential_missing")
  }

  @Test("2: another authority, another name, and no TLS are refused, each in its own words")
  func tls() async throws {
    let untrusted = try await failure(["caFile": fixture.emulator.said.wrongCaFile])
    #expect(untrusted.code == "tls_untrusted")
    #expect(untrusted.message.contains("redshift-ca-bundle.crt"))
    let name = try await failure(["host": "127.0.0.1"])
    #expect(name.code == "tls_name_mismatch")
    #expect(name.message.contains("verify-ca"))
    let port = "\(fixture.emulator.said.plainPort)"
    let plain = try await failure(["port": port])
    #expect(plain.code == "tls_required")
    #expect(try await failure(["port": port, "tls": "require"]).code == "tls_required")
    for failure in [untrusted, name, plain] { #expect(failure.recovery == .needsOperator) }
    #expect(try await failure(["tls": "disable"]).code == "invalid_settings")
    #expect(try await failure(["tls": "verify-ca", "caFile": "/none"]).code == "invalid_settings")
    // What the operator chose explicitly.
    try await fixture.connect(["host": "127.0.0.1", "tls": "verify-ca"]).close()
    try await fixture.connect(["host": "127.0.0.1", "tls": "require", "caFile": "/none"]).close()
  }

  @Test("3: a server that says 8.0.2 is taken for what it is")
  func version() async throws {
    let connection = try await fixture.connect()
    #expect(await connection.server == "Redshift 1.0.99999")
    await connection.close()
  }

  @Test("says what is wrong with the place: host, port, database, settings")
  func places() async throws {
    #expect(try await failure(["host": "no-such-host.invalid"]).code == "host_not_found")
    let port = "\(try PostgreSQLCluster.freePort())"
    let refused = try await failure(["port": port])
    #expect(refused.code == "connection_refused" && refused.recovery == .retry)
    let database = try await failure(["database": "nowhere"])
    #expect(database.code == "database_not_found")
    for host in ["/var/run/postgresql", "-oProxyCommand=x", "a,b", "@name"] {
      #expect(try await failure(["host": host]).code == "invalid_settings")
    }
    #expect(try await failure(["statement_timeout": "soon"]).code == "invalid_settings")
    #expect(try await failure(["tunnel_user": "braze"]).code == "invalid_settings")
    let tunnel = try await failure(["tunnel_host": "bastion.example.com"])
    #expect(tunnel.code == "credential_missing")
    #expect(tunnel.message.contains("ssh_key_pair"))
  }
}
