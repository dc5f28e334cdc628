import SQLDatabase
import TestSupport
import Testing

@Suite("A store's migrations, on every engine")
struct MigrationContractTests {
  @Test(
    "a step that was added is applied; a store of a newer release is refused",
    arguments: StoreEngine.allCases
  )
  func added(engine: StoreEngine) async throws {
    let store = try StoreFixture(engine)
    let newer = SQLMigrations(
      StoreFixture.table.steps + ["ALTER TABLE t ADD COLUMN w TEXT; UPDATE t SET w = 'x;?1'"]
    )
    let first = try await store.open()
    try await first.transaction { _ = try $0.execute("INSERT INTO t (v) VALUES ('old')") }
    await first.close()
    for _ in 0..<2 {
      let database = try await store.open(newer)
      let old = try await database.read { try $0.rows("SELECT w FROM t") { $0.string(0) } }
      #expect(old == ["x;?1"])
      await database.close()
    }
    let error = try await #require(throws: SQLError.self) { _ = try await store.open() }
    #expect(error.kind == .cannotOpen)
    #expect(error.message.contains("newer release"))
  }

  @Test("one that fails leaves the store as it was", arguments: StoreEngine.allCases)
  func failed(engine: StoreEngine) async throws {
    let store = try StoreFixture(engine)
    let steps = StoreFixture.table.steps
    let broken = SQLMigrations(
      steps + [
        "CREATE TABLE u (id INTEGER)", "CREATE TABLE w (id INTEGER); CREATE TABLE t (id INTEGER)",
      ]
    )
    await #expect(throws: SQLError.self) { _ = try await store.open(broken) }
    // The same names are free.
    let database = try await store.open(
      SQLMigrations(steps + ["CREATE TABLE u (id INTEGER); CREATE TABLE w (id INTEGER)"])
    )
    for table in ["t", "u", "w"] { #expect(try await database.count(table) == 0) }
    await database.close()
  }

  @Test("replicas that start at once apply each step once", arguments: StoreEngine.allCases)
  func concurrent(engine: StoreEngine) async throws {
    let store = try StoreFixture(engine)
    let steps = SQLMigrations(
      StoreFixture.table.steps
        + (0..<5).map {
          "INSERT INTO t (v) VALUES ('step \($0)'); CREATE TABLE u\($0) (id INTEGER)"
        }
    )
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      for _ in 0..<8 {
        tasks.addTask {
          let database = try await store.open(steps)
          #expect(try await database.count() == 5)
          await database.close()
        }
      }
      try await tasks.waitForAll()
    }
  }
}
