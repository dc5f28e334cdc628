import HTTPFetch
import SyncModel
import Synchronization
import Testing
import Warehouse
import Warehouses

@Suite("Snowflake: logging in (A.12, points 1 to 6)")
struct SnowflakeLoginTests {
  /// What a login and the first statement end with.
  func failure(_ fixture: SnowflakeFixture) async throws -> Failure {
    try await #require(throws: Failure.self) {
      let connection = try await fixture.connect()
      do {
        _ = try await connection.rows(.table("t"))
        await connection.close()
      } catch {
        await connection.close()
        throw error
      }
    }
  }

  /// As a test of a source connects.
  func tested(_ fixture: SnowflakeFixture) async throws -> any WarehouseConnection {
    var credentials = fixture.credentials
    credentials.provesKeys = true
    return try await WarehouseRegistry.all.driver("snowflake").connect(
      settings: fixture.settings,
      credentials: credentials
    )
  }

  @Test(
    "1: account and user of every spelling are what the token names",
    arguments: [
      ("xy12345.eu-west-1", "XY12345"), ("XY12346", "XY12346"), ("myorg-acct", "MYORG-ACCT"),
      ("x-y.global", "X"),
    ]
  )
  func accounts(spelling: String, name: String) async throws {
    var fixture = try await SnowflakeFixture(named: name)
    fixture.settings["account"] = spelling
    let connection = try await fixture.connect()
    #expect(await connection.server.hasPrefix("Snowflake "))
    #expect(fixture.signer.state.withLock { $0.accounts } == [spelling])
    await connection.close()
    try await fixture.remove()
  }

  @Test("2: user and account in small letters log in all the same")
  func smallLetters() async throws {
    var fixture = try await SnowflakeFixture()
    fixture.settings["account"] = fixture.account.lowercased()
    let connection = try await fixture.connect()
    #expect(await connection.server.hasPrefix("Snowflake "))
    await connection.close()
  }

  @Test("4: a token is used again within its life, and made anew when two minutes remain")
  func reuse() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    #expect(try await fixture.read("t").count == 1)
    #expect(fixture.signer.signatures == 1)
    // Each request would now begin with a token that ends while it is under way.
    fixture.signer.state.withLock { $0.lifetime = 110 }
    #expect(try await fixture.read("t").count == 1)
    let requests = try await fixture.requests().count
    #expect(fixture.signer.signatures > requests / 2)
  }

  @Test("a run with nothing new costs two statements: the columns and the rows")
  func statements() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    let rows = try await connection.rows(
      fixture.selection("t"),
      from: Timestamp(nanoseconds: newYear + 1)
    )
    #expect(rows.isEmpty)
    await connection.close()
    #expect(try await fixture.requests("submit").count == 2)
    #expect(try await fixture.counter("executions") == 2)
  }

  @Test("4: a read that is longer than a token's life renews it between partitions")
  func renewal() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.createLarge(rows: 20_000)
    fixture.signer.state.withLock { $0.lifetime = 122 }
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("large"),
      data: .attributes,
      from: nil
    )
    _ = try await reader.nextBatch()
    try await Task.sleep(for: .seconds(3))
    let (rows, _) = try await reader.rest()
    #expect(rows.count > 5_000)
    #expect(fixture.signer.signatures >= 2)
    await connection.close()
  }

  @Test("5: a refused token is made anew once, and the request goes on")
  func refusedOnce() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    try await fixture.fault("submit", Self.refusal, skip: 1)
    #expect(try await fixture.read("t").count == 1)
    #expect(fixture.signer.signatures == 2)
  }

  @Test("5: refused twice, it stops with the number that an administrator needs, and no token")
  func refusedTwice() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.fault("submit", Self.refusal, times: 0)
    let failure = try await failure(fixture)
    #expect(failure.code == "login_failed")
    #expect(failure.recovery == .needsOperator)
    #expect(failure.message.contains("[0f6c1b2a-1111-4222-8333-444455556666]"))
    #expect(fixture.signer.signatures == 2)
    let texts = "\(failure.message) \(failure.cause ?? "")"
    #expect(!texts.contains("eyJ") && !texts.contains("Bearer"))
  }

  @Test("5: a key that nobody registered is refused for real, and the clock is not blamed")
  func unknownKey() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.sql("ALTER USER SLUICE UNSET RSA_PUBLIC_KEY")
    let failure = try await failure(fixture)
    #expect(failure.code == "login_failed")
    #expect(failure.message.contains("SYSTEM$GET_LOGIN_FAILURE_DETAILS"))
    #expect(!failure.message.contains("clock"))
    #expect(try await fixture.counter("login 394304") == 2)
  }

  @Test("A.2: a clock that is wrong is named")
  func skew() async throws {
    let fixture = try await SnowflakeFixture()
    try await fixture.fault(
      "submit",
      [
        "status": 401, "json": ["code": "390144", "message": "JWT token is invalid. [x]"],
        "headers": ["Date": "Mon, 01 Jan 2024 00:00:00 GMT"],
      ],
      times: 0
    )
    #expect(try await failure(fixture).message.contains("ahead of the server's"))
  }

  @Test("6: with key 2 registered only, a test passes with it and proves it")
  func secondKeyOnly() async throws {
    let fixture = try await SnowflakeFixture()
    let keys = try TestKeys.shared.get()
    try await fixture.sql(
      "ALTER USER SLUICE UNSET RSA_PUBLIC_KEY",
      "ALTER USER SLUICE SET RSA_PUBLIC_KEY_2='\(SnowflakeFixture.text(keys.second))'"
    )
    fixture.signer.state.withLock { $0.versions = [1, 2] }
    let connection = try await tested(fixture)
    #expect(fixture.signer.proven == [2])
    await connection.close()
    // Key 1 twice, as a token may be stale, then key 2.
    #expect(try await fixture.requests("submit").count == 3)
  }

  @Test("6: a run whose key is not known any more goes on with the next one, and proves it once")
  func turns() async throws {
    let fixture = try await SnowflakeFixture()
    let keys = try TestKeys.shared.get()
    try await fixture.createLarge(rows: 6_000)
    try await fixture.sql(
      "ALTER USER SLUICE SET RSA_PUBLIC_KEY_2='\(SnowflakeFixture.text(keys.second))'"
    )
    fixture.signer.state.withLock { $0.versions = [1, 2] }
    let connection = try await fixture.connect()
    #expect(try await connection.rows(fixture.selection("large")).count == 6_000)
    #expect(fixture.signer.proven.isEmpty)
    try await fixture.sql("ALTER USER SLUICE UNSET RSA_PUBLIC_KEY")
    #expect(try await connection.rows(fixture.selection("large")).count == 6_000)
    #expect(fixture.signer.proven == [2])
    // Neither is known: the first one's refusal is told, and nothing is tried for ever.
    try await fixture.sql("ALTER USER SLUICE UNSET RSA_PUBLIC_KEY_2")
    try await fixture.forget()
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.rows(fixture.selection("large"))
    }
    #expect(failure.code == "login_failed")
    #expect(try await fixture.requests("submit").count <= 4)
    await connection.close()
  }

  @Test("6: a test proves the pending key, and the key in force goes on signing")
  func pendingKey() async throws {
    let fixture = try await SnowflakeFixture()
    let keys = try TestKeys.shared.get()
    try await fixture.create(.usual("t", [(newYear, "a", "{}")]))
    fixture.signer.state.withLock { $0.versions = [1, 2] }
    // The statement was not run yet: the test passes, and nothing is proven of key 2.
    let before = try await tested(fixture)
    #expect(fixture.signer.proven == [1])
    await before.close()
    try await fixture.sql(
      "ALTER USER SLUICE SET RSA_PUBLIC_KEY_2='\(SnowflakeFixture.text(keys.second))'"
    )
    try await fixture.forget()
    let connection = try await tested(fixture)
    #expect(fixture.signer.proven == [1, 1, 2])
    #expect(try await fixture.counter("login with RSA_PUBLIC_KEY_2") == 1)
    #expect(try await connection.rows(fixture.selection("t")).count == 1)
    // What came after the proof was signed with key 1 again.
    #expect(try await fixture.counter("login with RSA_PUBLIC_KEY_2") == 1)
    await connection.close()
    // A run does not try it.
    try await fixture.forget()
    #expect(try await fixture.read("t").count == 1)
    #expect(try await fixture.counter("login with RSA_PUBLIC_KEY_2") == 0)
  }

  @Test("22: another authority's certificate is refused")
  func wrongAuthority() async throws {
    var fixture = try await SnowflakeFixture()
    fixture.settings["caFile"] = fixture.emulator.facts.wrongCaFile
    #expect(try await failure(fixture).code == "tls_failed")
    fixture.settings["caFile"] = nil
    #expect(try await failure(fixture).code == "tls_failed")
    #expect(try await fixture.requests().isEmpty)
  }

  @Test("the address policy holds: without the operator's leave there is no way to this machine")
  func addressPolicy() async throws {
    let fixture = try await SnowflakeFixture()
    let registry = WarehouseRegistry.all(
      WarehouseSurroundings(world: .system, userAgent: "sluice-tests/1")
    )
    let failure = try await #require(throws: Failure.self) {
      let connection = try await registry.driver("snowflake").connect(
        settings: fixture.settings,
        credentials: fixture.credentials
      )
      _ = try await connection.rows(.table("t"))
    }
    #expect(failure.code == "address_not_allowed")
    #expect(failure.message.contains("SLUICE_EGRESS_ALLOW"))
  }

  @Test(
    "settings that cannot be right are named",
    arguments: [
      ("account", "https://acct.snowflakecomputing.com"),
      ("account", "acct.snowflakecomputing.com"),
      ("host", "two hosts"), ("warehouse", "a.b"), ("statementTimeout", "0"), ("role", "\"open"),
      ("caFile", "/no/such/file"), ("port", "0"),
    ]
  )
  func badSettings(name: String, value: String) async throws {
    var fixture = try await SnowflakeFixture()
    fixture.settings[name] = value
    let failure = try await failure(fixture)
    #expect(failure.code == "invalid_settings")
    #expect(failure.message.contains("\"\(name)\""))
  }

  static let refusal: JSONValue = [
    "status": 401,
    "json": [
      "code": "390144",
      "message": "JWT token is invalid. [0f6c1b2a-1111-4222-8333-444455556666]",
    ],
  ]
}
