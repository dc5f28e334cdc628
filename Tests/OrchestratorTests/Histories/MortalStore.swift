import SQLDatabase
import Synchronization

/// Where the writer's process ends, seen from one of its transactions.
enum DeathPoint: Sendable {
  case beforeTransaction
  /// At a statement in it, from 0: nothing of the transaction stays.
  case atStatement(Int)
  /// All of it stays, and nobody is told.
  case afterCommit
}

/// The process is gone; what was committed stays.
struct WriterDied: Error {}

/// The profile store's database under a writer that dies where it is told.
///
/// What a process leaves behind in SQLite are its committed transactions: rolling the open one back
/// is what the next process does with it.
final class MortalDatabase: SQLDatabase {
  private struct State {
    var death: DeathPoint?
    var deaths = 0
    /// Run in each write transaction after its own work, for a store with a fault.
    var extra: String?
  }

  private let inner: any SQLDatabase
  private let state = Mutex(State())

  init(_ inner: any SQLDatabase) { self.inner = inner }

  var deaths: Int { state.withLock { $0.deaths } }
  /// In the next write transaction.
  func die(at point: DeathPoint?) { state.withLock { $0.death = point } }
  func add(_ statement: String?) { state.withLock { $0.extra = statement } }

  func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws
    -> T
  { try await inner.read(body) }

  func transaction<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T)
    async throws -> T
  {
    let (death, extra) = state.withLock { state in
      defer { state.death = nil }
      return (state.death, state.extra)
    }
    if case .beforeTransaction? = death { throw died() }
    let result = try await inner.transaction { connection in
      let result: T
      if case .atStatement(let number)? = death {
        let countdown = Countdown(number) { self.died() }
        result = try body(MortalConnection(connection, countdown))
      } else {
        result = try body(connection)
      }
      if let extra { try connection.execute(extra) }
      return result
    }
    if case .afterCommit? = death { throw died() }
    return result
  }

  func close() async { await inner.close() }

  private func died() -> WriterDied {
    state.withLock { $0.deaths += 1 }
    return WriterDied()
  }
}

/// Counts statements down to the process's last one. Used by one transaction on its thread.
private final class Countdown {
  private var left: Int
  private let died: () -> WriterDied

  init(_ statements: Int, _ died: @escaping () -> WriterDied) {
    left = statements
    self.died = died
  }

  func next() throws {
    if left == 0 { throw died() }
    left -= 1
  }
}

private final class MortalConnection: SQLConnection {
  let inner: any SQLConnection
  let countdown: Countdown

  init(_ inner: any SQLConnection, _ countdown: Countdown) {
    self.inner = inner
    self.countdown = countdown
  }

  func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
    try countdown.next()
    return try inner.execute(sql, values)
  }

  func query(_ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws -> Void) throws {
    try countdown.next()
    try inner.query(sql, values, row)
  }

  func prepare(_ sql: String) throws -> any SQLStatement {
    MortalStatement(try inner.prepare(sql), countdown)
  }
}

private final class MortalStatement: SQLStatement {
  let inner: any SQLStatement
  let countdown: Countdown

  init(_ inner: any SQLStatement, _ countdown: Countdown) {
    self.inner = inner
    self.countdown = countdown
  }

  func step() throws -> Bool {
    try countdown.next()
    return try inner.step()
  }

  func reset() { inner.reset() }
  func bind(_ value: Int64, at parameter: Int) { inner.bind(value, at: parameter) }
  func bind(_ value: Double, at parameter: Int) { inner.bind(value, at: parameter) }
  func bind(text: String, at parameter: Int) { inner.bind(text: text, at: parameter) }
  func bind(text: UnsafeRawBufferPointer, at parameter: Int) {
    inner.bind(text: text, at: parameter)
  }
  func bind(blob: UnsafeRawBufferPointer, at parameter: Int) {
    inner.bind(blob: blob, at: parameter)
  }
  func bindNull(at parameter: Int) { inner.bindNull(at: parameter) }
  func isNull(_ column: Int) -> Bool { inner.isNull(column) }
  func int64(_ column: Int) -> Int64 { inner.int64(column) }
  func double(_ column: Int) -> Double { inner.double(column) }
  func string(_ column: Int) -> String { inner.string(column) }
  func blob(_ column: Int) -> [UInt8] { inner.blob(column) }
  func withBytes<T>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try inner.withBytes(column, body)
  }
}
