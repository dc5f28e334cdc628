import SyncModel
import Synchronization
import TestSupport
import Warehouse

/// One version of a row, as the coarse clock of its table stamps it.
struct RowVersion: Hashable, Comparable, Sendable {
  /// In whole ticks.
  var stamp: Int64
  var user: Int
  var kind: Int

  static let tick: Int64 = 1_000_000_000

  /// An event whose name says which version it came from, so that each effect can be counted.
  var owned: OwnedRow {
    OwnedRow(
      updatedAt: stamp * Self.tick,
      externalID: "u\(user)",
      payload: "{\"name\":\"\(eventName)\"}"
    )
  }

  var eventName: String { "\(stamp).\(kind)" }
  var effect: String { "u\(user) \(eventName)" }

  static func < (a: RowVersion, b: RowVersion) -> Bool {
    (a.stamp, a.user, a.kind) < (b.stamp, b.user, b.kind)
  }
}

/// A table without a key in a warehouse: a multiset of row versions, and what was ever read of it.
final class SourceTable: Sendable {
  struct State: Sendable {
    /// In ticks.
    var now: Int64 = 100
    var rows: [RowVersion: Int] = [:]
    /// The most copies of a version that any snapshot for an incarnation of the sync held: more effects
    /// than that are too many.
    var mostSeen: [UInt64: [RowVersion: Int]] = [:]
    /// The latest stamp that was handed to a run, nanoseconds: where a faulty cursor would stand.
    var lastRead: Int64?
  }

  private let state = Mutex(State())

  var now: State { state.withLock { $0 } }
  func change<T: Sendable>(_ body: (inout State) -> T) -> T { state.withLock { body(&$0) } }

  /// One SELECT's snapshot.
  func snapshot(from: Timestamp?, for incarnation: UInt64) -> (rows: [RowVersion: Int], time: Int64)
  {
    state.withLock { state in
      let floor = from?.nanoseconds ?? .min
      let rows = state.rows.filter { $0.key.stamp * RowVersion.tick >= floor }
      state.mostSeen[incarnation, default: [:]].merge(rows) { max($0, $1) }
      return (rows, state.now)
    }
  }
}

/// The warehouse as one run sees it.
final class HistoryWarehouse: WarehouseDriver, WarehouseConnection {
  struct Plan: Sendable {
    /// Rows of each batch in turn, over and over.
    var batches: [Int]
    /// The connection is lost instead of the batch of this number, from 0.
    var lostAt: Int?
    /// Orders rows of one stamp; a warehouse promises no order of them.
    var seed: UInt64
    /// Of the sync that reads.
    var incarnation: UInt64
  }

  let type = "table"
  let credentialTypes: [CredentialType] = []
  let schema = SettingsSchema([])
  private let table: SourceTable
  private let plan: Plan
  private let snapshot = Mutex<[RowVersion: Int]?>(nil)

  init(_ table: SourceTable, _ plan: Plan) {
    self.table = table
    self.plan = plan
  }

  /// Of the sync that reads.
  var incarnation: UInt64 { plan.incarnation }

  /// What the run's SELECT found; nil before it.
  var read: [RowVersion: Int]? { snapshot.withLock { $0 } }

  var server: String { get async { "History 1.0" } }

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection { self }

  func inspect(_ selection: RowSelection, data: DataType, previewLimit: Int) async throws
    -> Inspection
  { Inspection(columns: []) }

  func readChanges(_ selection: RowSelection, data: DataType, from: Timestamp?) async throws
    -> any ChangeReader
  {
    let (rows, time) = table.snapshot(from: from, for: plan.incarnation)
    snapshot.withLock { $0 = rows }
    var dice = SplitMix(seed: plan.seed)
    let ordered = rows.keys.sorted().flatMap { Array(repeating: $0, count: rows[$0] ?? 0) }
      .map { ($0, dice.next()) }
      .sorted { ($0.0.stamp, $0.1) < ($1.0.stamp, $1.1) }
      .map { $0.0 }
    return Reader(table, plan, ordered, time: time)
  }

  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows { throw Self.notAsked }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount { throw Self.notAsked }

  private static var notAsked: Failure {
    Failure("not_asked", "a history is of runs alone", recovery: .failRun)
  }

  func close() async {}

  private final class Reader: ChangeReader {
    let warehouseTime: Timestamp
    let columns: [SourceColumn] = [.updatedAt, .externalID, .payload]
    private let table: SourceTable
    private let plan: Plan
    private let rows: [RowVersion]
    private let place = Mutex((row: 0, batch: 0))

    init(_ table: SourceTable, _ plan: Plan, _ rows: [RowVersion], time: Int64) {
      self.table = table
      self.plan = plan
      self.rows = rows
      warehouseTime = Timestamp(nanoseconds: time * RowVersion.tick)
    }

    var reportedRowCount: Int64? { get async { Int64(rows.count) } }

    func nextBatch() async throws -> RowBatch? {
      let (range, number) = place.withLock { place in
        let size = plan.batches[place.batch % plan.batches.count]
        let range = place.row..<min(rows.count, place.row + size)
        defer { place = (range.upperBound, place.batch + 1) }
        return (range, place.batch)
      }
      if number == plan.lostAt {
        throw Failure("connection_lost", "it went", recovery: .reconnect)
      }
      guard !range.isEmpty else { return nil }
      let batch = RowBatch.of(rows[range].map(\.owned))
      if let last = batch.lastUpdatedAt(notAfter: warehouseTime) {
        table.change { $0.lastRead = max($0.lastRead ?? .min, last.nanoseconds) }
      }
      return batch
    }
  }
}

extension SplitMix {
  mutating func below(_ bound: Int) -> Int { Int(next() >> 33) % max(bound, 1) }
  /// True once in `count` throws.
  mutating func one(in count: Int) -> Bool { below(count) == 0 }
}
