import SyncModel
import TestSupport
import Testing
import Warehouse

@testable import Warehouses

/// The points of warehouses.md, C.7, about signing in. Reading the key file (1), and who may name a
/// token endpoint (18), are the vault's: ServiceAccountTests.
@Suite("BigQuery, C.7: signing in")
struct BigQueryLoginTests {
  @Test(
    "C.7.2 one token serves a run, is renewed before it ends, and once when a server refuses it"
  )
  func renewal() async throws {
    let bench = try await BigQueryBench(rows: 3)
    #expect(try await bench.ids() == BigQueryBench.ids(3))
    #expect(try await bench.fixture.requests("token").count == 1)

    // It lives 227 seconds: two seconds before it is renewed, long before it ends.
    try await bench.fixture.behave(["tokenLifetime": 227])
    let connection = try await bench.connect()
    #expect(try await bench.fixture.requests("token").count == 2)
    try await Task.sleep(for: .milliseconds(2200))
    #expect(try await connection.rows(bench.users).count == 3)
    #expect(try await bench.fixture.requests("token").count == 3)
    await connection.close()

    // The server's clock is an hour on: the token that looks good is refused, and another one asked for.
    try await bench.fixture.behave(["tokenLifetime": 3599])
    let second = try await bench.connect()
    try await bench.fixture.steer("expire", [:])
    #expect(try await second.rows(bench.users).count == 3)
    #expect(try await bench.fixture.requests("token").count == 5)
    await second.close()
  }

  @Test("C.7.2 an assertion that is for another, or by another key, gets no token")
  func assertions() async throws {
    let bench = try await BigQueryBench(rows: 1)
    var elsewhere = bench.fixture.signer
    elsewhere.audience = "https://evil.example/token"
    var unknown = bench.fixture.signer
    unknown.keyID = "0123"
    for signer in [elsewhere, unknown] {
      let failure = await #expect(throws: Failure.self) {
        _ = try await bench.connect(signer: signer)
      }
      #expect(failure?.code == "login_refused")
      #expect(failure?.recovery == .needsOperator)
    }
  }

  @Test("C.7.3 invalid_grant is final; an endpoint that is down for a moment is asked again")
  func tokenEndpoint() async throws {
    let bench = try await BigQueryBench(rows: 1)
    try await bench.fixture.fault("token", ["status": 503, "body": "try later"], times: 2)
    try await bench.fixture.fault(
      "token",
      ["status": 400, "json": ["error": "temporarily_unavailable"]]
    )
    #expect(try await bench.ids() == ["u0"])
    #expect(try await bench.fixture.requests("token").count == 4)

    try await bench.fixture.steer("revoke", ["email": .string(BigQueryFixture.account)])
    let failure = await #expect(throws: Failure.self) { _ = try await bench.connect() }
    #expect(failure?.code == "login_refused")
    #expect(failure?.message.contains("invalid_grant") == true)
    #expect(failure?.message.contains("rotate the credential") == true)
    #expect(try await bench.fixture.requests("token").count == 5)
  }

  @Test("C.7.18 a token_uri that is not encrypted, or leads into a private network, is not called")
  func tokenAddress() async throws {
    let bench = try await BigQueryBench(rows: 1)
    for uri in ["http://localhost:8080/token", "https://10.0.0.1/token", "file:///etc/passwd"] {
      var signer = bench.fixture.signer
      signer.tokenURI = uri
      let failure = await #expect(throws: Failure.self) {
        _ = try await bench.connect(signer: signer)
      }
      #expect(["address_refused", "invalid_credential"].contains(failure?.code))
      #expect(failure?.recovery == .needsOperator)
    }
    #expect(try await bench.fixture.requests().isEmpty)
  }

  @Test("settings are read before anybody is called")
  func settings() async throws {
    let bench = try await BigQueryBench()
    let wrong: [[String: String]] = [
      ["project": "two words"], ["maximumBytesBilled": "10 GB"], ["maximumBytesBilled": "0"],
      ["endpoint": "bigquery"], ["dataset": "a."], ["caFile": "/nowhere/ca.pem"],
      ["location": "E U"],
    ]
    for changes in wrong {
      let failure = await #expect(throws: Failure.self) { _ = try await bench.connect(changes) }
      #expect(failure?.code == "invalid_settings")
    }
    #expect(try await bench.fixture.requests().isEmpty)
    // A certificate of another authority is not trusted.
    let failure = await #expect(throws: Failure.self) {
      _ = try await bench.connect(["caFile": "/etc/ssl/certs/ca-certificates.crt"])
    }
    #expect(failure?.code == "tls_failed")
  }
}
