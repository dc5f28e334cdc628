import Glibc
import SQLDatabase
import TestSupport
import Testing

@Suite("The libpq engine")
struct PostgreSQLConnectionTests {
  let cluster: PostgreSQLCluster
  let configuration: PostgreSQLConfiguration

  init() throws {
    cluster = try PostgreSQLCluster.shared()
    configuration = PostgreSQLConfiguration(
      host: "127.0.0.1",
      port: cluster.port,
      database: PostgreSQLCluster.database,
      user: PostgreSQLCluster.user,
      password: Array(PostgreSQLCluster.password.utf8),
      tls: .disable,
      caFile: cluster.authorityFile
    )
  }

  func failure(_ change: (inout PostgreSQLConfiguration) -> Void) async throws -> PostgreSQLError {
    var changed = configuration
    change(&changed)
    return try await #require(throws: PostgreSQLError.self) {
      try await PostgreSQLConnection.open(changed).close()
    }
  }

  @Test("runs statements with parameters, and describes them without running")
  func statements() async throws {
    let connection = try await PostgreSQLConnection.open(configuration)
    let result = try await connection.query(
      "SELECT $1::int + 1 AS n, $2::text AS t",
      ["41", nil]
    )
    #expect(result.rows == [["42", nil]])
    #expect(result.columns.map(\.name) == ["n", "t"])
    let columns = try await connection.describe("SELECT 1/0 AS never, now() AS \"Mixed\"")
    #expect(columns.map(\.name) == ["never", "Mixed"])
    #expect(columns.map(\.type) == [23, 1184])
    let error = try await #require(throws: PostgreSQLError.self) {
      try await connection.query("SELECT 1/0")
    }
    #expect(error.sqlState == "22012")
    #expect(try await connection.query("SELECT 1").rows == [["1"]])
    #expect(connection.serverVersion.first?.isNumber == true)
    await connection.close()
    await #expect(throws: (any Error).self) { try await connection.query("SELECT 1") }
  }

  @Test(
    "takes one host name or address, nothing else (reliability.md 5.2)",
    arguments: [
      "", "/var/run/postgresql", "@abstract", "a,b", "localhost,/var/run/postgresql", "user@host",
      "host name", "host=localhost", "127.1", "0x7f000001", "-x", "a..b", "fe80::1%lo", "[::1]",
      "localhost\0x", "2130706433",
    ]
  )
  func hosts(host: String) async throws {
    #expect(try await failure { $0.host = host }.kind == .invalidHost)
  }

  @Test("a host that no name server knows")
  func unknownHost() async throws {
    #expect(try await failure { $0.host = "no-such-host.invalid" }.kind == .hostNotFound)
  }

  @Test("a database name is never read as a connection string")
  func connectionString() async throws {
    let error = try await failure { $0.database = "host=/tmp dbname=postgres" }
    #expect(error.sqlState == "3D000")
  }

  @Test("the environment has no say")
  func environment() async throws {
    for (name, value) in [
      ("PGHOSTADDR", "192.0.2.1"), ("PGSERVICE", "elsewhere"), ("PGOPTIONS", "-c search_path=evil"),
      ("PGSSLMODE", "disable"), ("PGTZ", "Asia/Tokyo"), ("PGREQUIREAUTH", "none"),
    ] { setenv(name, value, 1) }
    let connection = try await PostgreSQLConnection.open(configuration)
    #expect(getenv("PGHOSTADDR") == nil)
    let path = try await connection.query("SELECT current_setting('search_path')")
    #expect(path.rows != [["evil"]])
    let name = try await connection.query("SELECT current_setting('application_name')")
    #expect(name.rows == [["sluice"]])
    await connection.close()
  }

  @Test("a refused login keeps its SQLSTATE and never the password")
  func wrongPassword() async throws {
    let error = try await failure { $0.password = Array("hunter2-canary".utf8) }
    #expect(error.sqlState == "28P01")
    #expect(error.kind == .server)
    #expect(!error.description.contains("canary"))
  }

  @Test("nothing listens there")
  func refused() async throws {
    let port = try PostgreSQLCluster.freePort()
    #expect(try await failure { $0.port = port }.kind == .connectionRefused)
  }

  @Test("a server that accepts and says nothing is given up at the deadline")
  func silent() async throws {
    let server = try FakeServer()
    defer { server.stop() }
    let error = try await failure {
      $0.port = server.port
      $0.connectTimeout = .milliseconds(300)
    }
    #expect(error.kind == .connectTimeout)
  }

  @Test("a server that hangs up at login")
  func hangsUp() async throws {
    let server = try FakeServer(closes: true)
    defer { server.stop() }
    #expect(try await failure { $0.port = server.port }.kind == .connectionLost)
  }

  @Test("cancelling a connection attempt ends it at once")
  func cancelConnecting() async throws {
    let server = try FakeServer()
    defer { server.stop() }
    var silent = configuration
    silent.port = server.port
    silent.connectTimeout = .seconds(3600)
    let task = Task { [silent] in try await PostgreSQLConnection.open(silent).close() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("a server without TLS, where TLS is wanted; one that insists on it, where it is disabled")
  func tlsRequired() async throws {
    let plain = try FakeServer(answer: [UInt8(ascii: "N")])
    defer { plain.stop() }
    for tls in [PostgreSQLConfiguration.TLS.require, .verifyCA, .verifyFull] {
      let error = try await failure {
        $0.port = plain.port
        $0.tls = tls
      }
      #expect(error.kind == .tlsRequired)
    }
    #expect(try await failure { $0.user = PostgreSQLCluster.userOfTLS }.kind == .tlsRequired)
  }

  @Test("the certificate's authority and name are checked as the mode says")
  func certificates() async throws {
    func opens(_ tls: PostgreSQLConfiguration.TLS, host: String, caFile: String) async throws
      -> Bool
    {
      var changed = configuration
      changed.user = PostgreSQLCluster.userOfTLS
      changed.tls = tls
      changed.host = host
      changed.caFile = caFile
      do {
        let connection = try await PostgreSQLConnection.open(changed)
        let result = try await connection.query(
          "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        )
        await connection.close()
        return result.rows == [["t"]]
      } catch let error as PostgreSQLError {
        #expect(error.kind == .tlsFailed, "\(error)")
        return false
      }
    }
    let own = cluster.authorityFile
    let other = PostgreSQLConfiguration.systemAuthorities
    #expect(try await opens(.verifyFull, host: "localhost", caFile: own))
    #expect(try await !opens(.verifyFull, host: "127.0.0.1", caFile: own))
    #expect(try await !opens(.verifyFull, host: "localhost", caFile: other))
    #expect(try await opens(.verifyCA, host: "127.0.0.1", caFile: own))
    #expect(try await !opens(.verifyCA, host: "localhost", caFile: other))
    #expect(try await opens(.require, host: "127.0.0.1", caFile: other))
  }

  @Test("a stream gives its rows one by one and the server's own count")
  func stream() async throws {
    let connection = try await PostgreSQLConnection.open(configuration)
    try await connection.startStream("SELECT i, NULL FROM generate_series(1, $1::int) i", ["1000"])
    await #expect(throws: PostgreSQLError.self) { try await connection.query("SELECT 1") }
    let (sum, nulls, count) = try await connection.read { stream in
      var (sum, nulls) = (0, 0)
      while try stream.next() {
        sum += stream.bytes(0).flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        nulls += stream.bytes(1) == nil ? 1 : 0
      }
      return (sum, nulls, stream.reportedRowCount)
    }.value
    #expect(sum == 500_500)
    #expect(nulls == 1000)
    #expect(count == 1000)
    #expect(try await connection.query("SELECT 1").rows == [["1"]])
    await connection.close()
  }

  @Test("an error after some rows is thrown there, and the connection goes on")
  func errorInStream() async throws {
    let connection = try await PostgreSQLConnection.open(configuration)
    try await connection.startStream("SELECT 1 / (i - 500) FROM generate_series(1, 1000) i", [])
    let error = try await #require(throws: PostgreSQLError.self) {
      try await connection.read { stream in while try stream.next() {} }.value
    }
    #expect(error.sqlState == "22012")
    #expect(try await connection.query("SELECT 1").rows == [["1"]])
    await connection.close()
  }

  @Test("cancelling a waiting task stops the statement at the server")
  func cancel() async throws {
    let connection = try await PostgreSQLConnection.open(configuration)
    let process = try await connection.query("SELECT pg_backend_pid()").rows.first?.first ?? nil
    let identifier = try #require(process)
    let task = Task { _ = try await connection.query("SELECT pg_sleep(3600)") }
    let watcher = try await PostgreSQLConnection.open(configuration)
    func isActive() async throws -> Bool {
      try await !watcher.query(
        "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int AND query LIKE '%pg_sleep%' AND state = 'active'",
        [identifier]
      ).rows.isEmpty
    }
    try await until { try await isActive() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // Ends the test only when the server has stopped.
    try await until { try await !isActive() }
    await connection.close()
    await watcher.close()
  }

  @Test("a connection that the server ends in the middle of a stream is lost")
  func terminated() async throws {
    let connection = try await PostgreSQLConnection.open(configuration)
    let process = try await connection.query("SELECT pg_backend_pid()").rows.first?.first ?? nil
    try await connection.startStream(
      "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)",
      []
    )
    _ = try await connection.read { try $0.next() }.value
    try cluster.sql("SELECT pg_terminate_backend(\(try #require(process)))")
    let error = try await #require(throws: PostgreSQLError.self) {
      try await connection.read { stream in while try stream.next() {} }.value
    }
    #expect(error.kind == .connectionLost)
    await connection.close()
  }
}
