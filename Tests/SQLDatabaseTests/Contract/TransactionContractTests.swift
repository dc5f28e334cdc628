import SQLDatabase
import TestSupport
import Testing

@Suite("A store's transactions, on every engine")
struct TransactionContractTests {
  @Test(
    "one that returns is committed and found again after a close",
    arguments: StoreEngine.allCases
  )
  func commit(engine: StoreEngine) async throws {
    let store = try StoreFixture(engine)
    let database = try await store.open()
    let changed = try await database.transaction {
      try $0.execute("INSERT INTO t (v) VALUES (?1), (?2)", ["a", nil])
    }
    #expect(changed == 2)
    await database.close()
    let again = try await store.open()
    #expect(try await again.count() == 2)
    await again.close()
  }

  @Test("a body that throws rolls back everything it did", arguments: StoreEngine.allCases)
  func rollback(engine: StoreEngine) async throws {
    struct Stop: Error {}
    let database = try await StoreFixture(engine).open()
    await #expect(throws: Stop.self) {
      try await database.transaction { connection in
        try connection.execute("INSERT INTO t (v) VALUES ('a')")
        throw Stop()
      }
    }
    #expect(try await database.count() == 0)
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('b')") }
    #expect(try await database.count() == 1)
    await database.close()
  }

  @Test("a read sees one snapshot while one commits beside it", arguments: StoreEngine.allCases)
  func snapshot(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    let gate = Gate()
    async let seen = database.read { connection -> [Int64] in
      let before = try connection.first("SELECT count(*) FROM t") { $0.int64(0) } ?? -1
      gate.open(0)
      gate.wait(1)
      let after = try connection.first("SELECT count(*) FROM t") { $0.int64(0) } ?? -1
      return [before, after]
    }
    // Whatever comes, the body that waits must end.
    defer { gate.open(1) }
    try await BlockingThread(name: "test").run { gate.wait(0) }
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('a')") }
    gate.open(1)
    #expect(try await seen == [0, 0])
    #expect(try await database.count() == 1)
    await database.close()
  }

  @Test("a read cannot write", arguments: StoreEngine.allCases)
  func readOnly(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    let error = try await #require(throws: SQLError.self) {
      try await database.read { _ = try $0.execute("DELETE FROM t") }
    }
    #expect(error.kind == .cannotOpen)
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test(
    "a violated constraint is of its own kind, without the values",
    arguments: StoreEngine.allCases
  )
  func constraint(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    let error = try await #require(throws: SQLError.self) {
      try await database.transaction {
        try $0.execute("INSERT INTO t (v) VALUES (?1)", ["secret"])
        try $0.execute("INSERT INTO t (v) VALUES (?1)", ["secret"])
      }
    }
    #expect(error.kind == .constraint)
    #expect(!error.description.contains("secret"))
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test("those of two processes on one store never overlap", arguments: StoreEngine.allCases)
  func exclusion(engine: StoreEngine) async throws {
    let store = try StoreFixture(engine)
    let databases = [try await store.open(), try await store.open()]
    try await databases[0].transaction {
      _ = try $0.execute("INSERT INTO t (id, n) VALUES (1, 0)")
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for index in 0..<40 {
        tasks.addTask {
          try await databases[index % 2].transaction { connection in
            // Read, then write what was read: an overlap would lose one.
            let n = try connection.first("SELECT n FROM t WHERE id = 1") { $0.int64(0) } ?? -1
            try connection.execute("UPDATE t SET n = ?1 WHERE id = 1", [.integer(n + 1)])
          }
        }
      }
      try await tasks.waitForAll()
    }
    let n = try await databases[1].read { try $0.first("SELECT n FROM t") { $0.int64(0) } }
    #expect(n == 40)
    for database in databases { await database.close() }
  }

  @Test("one that waits too long for another process's is busy", arguments: StoreEngine.allCases)
  func busy(engine: StoreEngine) async throws {
    let store = try StoreFixture(engine)
    let holder = try await store.open()
    let other = try await store.open()
    let gate = Gate()
    async let held: Void = holder.transaction { connection in
      try connection.execute("INSERT INTO t (v) VALUES ('mine')")
      gate.open(0)
      gate.wait(1)
    }
    // Whatever comes, the body that waits must end.
    defer { gate.open(1) }
    try await BlockingThread(name: "test").run { gate.wait(0) }
    let error = try await #require(throws: SQLError.self) {
      try await other.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('theirs')") }
    }
    #expect(error.kind == .busy)
    // Readers do not wait, and see nothing of it.
    #expect(try await other.count() == 0)
    gate.open(1)
    try await held
    try await other.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('theirs')") }
    #expect(try await other.count() == 2)
    await holder.close()
    await other.close()
  }

  @Test("cancelling the task ends the statement and rolls back", arguments: StoreEngine.allCases)
  func cancel(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    let gate = Gate()
    let task = Task {
      try await database.transaction { connection in
        try connection.execute("INSERT INTO t (v) VALUES ('a')")
        gate.open(0)
        _ = try connection.first(
          """
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n
          """
        ) { $0.int64(0) }
      }
    }
    try await BlockingThread(name: "test").run { gate.wait(0) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await database.count() == 0)
    // The database goes on.
    try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('b')") }
    #expect(try await database.count() == 1)
    await database.close()
  }

  @Test(
    "a task that is cancelled while it waits for its turn does nothing",
    arguments: StoreEngine.allCases
  )
  func cancelWaiting(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    let gate = Gate()
    async let held: Void = database.transaction { _ in
      gate.open(0)
      gate.wait(1)
    }
    // Whatever comes, the body that waits must end.
    defer { gate.open(1) }
    try await BlockingThread(name: "test").run { gate.wait(0) }
    let task = Task {
      try await database.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('a')") }
    }
    task.cancel()
    gate.open(1)
    try await held
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await database.count() == 0)
    await database.close()
  }

  @Test("many reads at once all get their turn", arguments: StoreEngine.allCases)
  func manyReads(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    try await database.transaction { _ = try $0.execute("INSERT INTO t (n) VALUES (7)") }
    let sum = try await withThrowingTaskGroup(of: Int64.self) { tasks in
      for _ in 0..<50 {
        tasks.addTask {
          try await database.read { try $0.first("SELECT n FROM t") { $0.int64(0) } ?? 0 }
        }
      }
      return try await tasks.reduce(0, +)
    }
    #expect(sum == 350)
    await database.close()
  }

  @Test("after close every call throws", arguments: StoreEngine.allCases)
  func closed(engine: StoreEngine) async throws {
    let database = try await StoreFixture(engine).open()
    await database.close()
    await database.close()
    let read = try await #require(throws: SQLError.self) { try await database.read { _ in } }
    #expect(read.isClosed)
    let write = try await #require(throws: SQLError.self) {
      try await database.transaction { _ in }
    }
    #expect(write.isClosed)
  }
}
