import SQLDatabase
import Synchronization
import TestSupport
import Testing

@Suite("PostgreSQL's outages", .serialized)
struct PostgreSQLOutageTests {
  /// A server of its own, with fsync on as in production.
  static func durable() throws -> (PostgreSQLCluster, PostgreSQLDatabase.Configuration) {
    let cluster = try PostgreSQLCluster()
    try cluster.sql("ALTER SYSTEM SET fsync = on")
    try cluster.sql("SELECT pg_reload_conf()")
    try cluster.stop()
    try cluster.start()
    return (
      cluster, PostgreSQLDatabase.Configuration(server: cluster.configuration, schema: "outage")
    )
  }

  @Test("calls fail while the server is away, work when it is back, and nothing is lost")
  func restart() async throws {
    let (cluster, configuration) = try Self.durable()
    let database = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('before')") }
    #expect(try await database.count() == 1)
    for round in 1...2 {
      try cluster.stop()
      let write = try await #require(throws: SQLError.self) {
        try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('away')") }
      }
      #expect(write.kind == .cannotOpen)
      let read = try await #require(throws: SQLError.self) { _ = try await database.count() }
      #expect(read.kind == .cannotOpen)
      try cluster.start()
      try await database.transaction {
        _ = try $0.execute("INSERT INTO t (v) VALUES (?1)", [.text("after \(round)")])
      }
      #expect(try await database.count() == Int64(1 + round))
    }
    await database.close()

    // Opening says what is the matter, too.
    try cluster.stop()
    let opening = try await #require(throws: SQLError.self) {
      _ = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    }
    #expect(opening.kind == .cannotOpen)
  }

  @Test("a commit that was made, and whose answer was lost, is of unknown outcome and is there")
  func committedUnheard() async throws {
    let (cluster, configuration) = try Self.durable()
    let database = try await PostgreSQLDatabase.open(configuration, migrations: StoreFixture.table)
    // Commits on this disk, and then waits for a standby that never comes.
    try cluster.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    try cluster.sql("SELECT pg_reload_conf()")
    let process = Latch()
    let gate = Gate()
    let task = Task {
      try await database.transaction { connection in
        process.set(try PostgreSQLDatabaseTests.pid(connection))
        try connection.execute("INSERT INTO t (v) VALUES ('a')")
        gate.open(0)
      }
    }
    try await BlockingThread(name: "test").run { gate.wait(0) }
    try endWhenCommitting(cluster, process.value)
    let error = try await #require(throws: SQLError.self) { try await task.value }
    #expect(error.kind == .outcomeUnknown)
    #expect(try await database.count() == 1)
    await database.close()
  }
}

/// A number that a body hands to its test.
final class Latch: Sendable {
  private let stored = Mutex<Int64>(0)
  var value: Int64 { stored.withLock { $0 } }
  func set(_ value: Int64) { stored.withLock { $0 = value } }
}
