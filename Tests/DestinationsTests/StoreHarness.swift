import Destination
import Destinations
import Foundation
import SQLDatabase
import SyncModel
import TestSupport

/// A profile store in a directory of its own, which can be closed and opened again.
final class StoreHarness {
  let simulated: SimulatedWorld
  let directory: URL
  private(set) var store: ProfileStore
  private var batches = 0

  var path: String { directory.appendingPathComponent("profiles.db").path }

  private init(_ directory: URL, _ simulated: SimulatedWorld, _ store: ProfileStore) {
    self.directory = directory
    self.simulated = simulated
    self.store = store
  }

  /// Runs `body` with a fresh store and removes it afterwards.
  static func with(
    policy: PayloadPolicy = PayloadPolicy(),
    rowLog: RowLogOptions = RowLogOptions(),
    _ body: (StoreHarness) async throws -> Void
  ) async throws {
    // In memory where the system has such a place: what is proved here is not the disk.
    let memory = URL(fileURLWithPath: "/dev/shm")
    let base =
      FileManager.default.isWritableFile(atPath: memory.path)
      ? memory : FileManager.default.temporaryDirectory
    let directory = base.appendingPathComponent("sluice-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appendingPathComponent("profiles.db").path
    let simulated = SimulatedWorld()
    let harness = StoreHarness(
      directory,
      simulated,
      try await ProfileStore.open(
        path: path,
        world: simulated.world,
        policy: policy,
        rowLog: rowLog
      )
    )
    do {
      try await body(harness)
    } catch {
      await harness.store.close()
      throw error
    }
    await harness.store.close()
  }

  /// A path for another file in the store's directory.
  func anotherPath() -> String { directory.appendingPathComponent(UUID().uuidString).path }

  static func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  /// As a process that ended and was started again.
  func reopen(
    policy: PayloadPolicy = PayloadPolicy(),
    rowLog: RowLogOptions = RowLogOptions()
  ) async throws {
    await store.close()
    store = try await ProfileStore.open(
      path: path,
      world: simulated.world,
      policy: policy,
      rowLog: rowLog
    )
  }

  /// A sync whose runs this harness plays.
  func sync(
    _ name: String = "sync",
    _ data: DataType = .attributes,
    overlap: Int64 = 100,
    updateExistingOnly: Bool = false,
    workspace: String = "default"
  ) -> SyncPlayer {
    SyncPlayer(
      harness: self,
      workspace: workspace,
      name: name,
      data: data,
      overlap: overlap,
      updateExistingOnly: updateExistingOnly
    )
  }

  func newBatchID() -> String {
    batches += 1
    return "batch-\(batches)"
  }

  /// The profiles as they are exported, with braze ids, which are random, as `*`.
  func export(withEvents: Bool = false, workspace: String = "default") async throws -> [String] {
    var profiles: [String] = []
    try await store.exportProfiles(workspace: workspace, withEvents: withEvents) { profile in
      profiles.append(
        String(decoding: profile.json, as: UTF8.self)
          .replacing("\"braze_id\":\"\(profile.brazeID)\"", with: "\"braze_id\":\"*\"")
      )
    }
    return profiles
  }

  /// One profile as parsed JSON, nil when there is none.
  func profile(
    _ identifier: ProfileIdentifier,
    withEvents: Bool = false
  ) async throws -> [String: Any]? {
    let found = try await store.profile(
      workspace: "default",
      identifier: identifier,
      withEvents: withEvents
    )
    return try found.flatMap {
      try JSONSerialization.jsonObject(with: Data($0.json)) as? [String: Any]
    }
  }

  /// The custom attributes of the profile with this external id, as JSON with sorted keys.
  func custom(_ externalID: String) async throws -> String? {
    guard let profile = try await profile(.externalID(externalID)),
      let custom = profile["custom_attributes"]
    else { return nil }
    return String(
      decoding: try JSONSerialization.data(withJSONObject: custom, options: .sortedKeys),
      as: UTF8.self
    )
  }

  func counts() async throws -> ProfileTotals { try await store.counts(workspace: "default") }

  /// Changes the database past the store.
  func edit(_ sql: String) async throws {
    let database = try await SQLiteDatabase.open(path: path, migrations: ProfileStore.migrations)
    _ = try await database.transaction { try $0.execute(sql) }
    await database.close()
  }

  /// How many rows a table has, read past the store.
  func rows(in table: String) async throws -> Int64 {
    let database = try await SQLiteDatabase.open(path: path, migrations: ProfileStore.migrations)
    let count = try await database.read { connection in
      try connection.first("SELECT count(*) FROM \(table)") { $0.int64(0) }
    }
    await database.close()
    return count ?? 0
  }
}

/// One sync and its current run: knows its epoch and its next batch number.
final class SyncPlayer {
  let harness: StoreHarness
  let workspace: String
  let name: String
  let data: DataType
  var overlap: Int64
  var updateExistingOnly: Bool
  var skipsUnchanged = true
  var incarnation: UInt64 = 0
  var epoch: UInt64 = 0
  var next: UInt64 = 0
  /// The warehouse's clock.
  var limit = Timestamp.latest

  init(
    harness: StoreHarness,
    workspace: String,
    name: String,
    data: DataType,
    overlap: Int64,
    updateExistingOnly: Bool
  ) {
    self.harness = harness
    self.workspace = workspace
    self.name = name
    self.data = data
    self.overlap = overlap
    self.updateExistingOnly = updateExistingOnly
  }

  /// Begins a run with a new epoch.
  @discardableResult
  func begin() async throws -> SyncPosition {
    epoch += 1
    let position = try await open(epoch: epoch, run: "run-\(epoch)")
    next = position.nextBatchNumber
    return position
  }

  func open(epoch: UInt64, run: String, data: DataType? = nil) async throws -> SyncPosition {
    try await harness.store.open(opening(epoch: epoch, run: run, data: data))
  }

  private func opening(epoch: UInt64, run: String, data: DataType? = nil) -> SyncOpening {
    SyncOpening(
      workspace: workspace,
      sync: name,
      incarnation: incarnation,
      epoch: epoch,
      runID: run,
      data: data ?? self.data,
      overlap: overlap,
      updateExistingOnly: updateExistingOnly,
      skipsUnchanged: skipsUnchanged
    )
  }

  /// An operator's move, with a new epoch unless a test says otherwise.
  @discardableResult
  func move(
    to position: Int64?,
    epoch given: UInt64? = nil,
    dryRun: Bool = false
  ) async throws -> PositionMoved {
    if given == nil, !dryRun { epoch += 1 }
    let epoch = given ?? self.epoch
    return try await harness.store.move(
      PositionMove(
        opening: opening(epoch: epoch, run: "move-\(epoch)"),
        position: position.map { Timestamp(nanoseconds: $0) },
        isDryRun: dryRun
      )
    )
  }

  /// Sends the run's next batch.
  @discardableResult
  func send(_ rows: OwnedRow...) async throws -> BatchReceipt { try await send(rows) }

  @discardableResult
  func send(_ rows: [OwnedRow]) async throws -> BatchReceipt {
    let receipt = try await harness.store.apply(batch(rows))
    next += 1
    return receipt
  }

  func batch(
    _ rows: [OwnedRow],
    number: UInt64? = nil,
    id: String? = nil,
    epoch: UInt64? = nil,
    run: String? = nil
  ) -> BatchToApply {
    BatchToApply(
      workspace: workspace,
      sync: name,
      incarnation: incarnation,
      epoch: epoch ?? self.epoch,
      number: number ?? next,
      id: id ?? harness.newBatchID(),
      runID: run ?? "run-\(epoch ?? self.epoch)",
      positionLimit: limit,
      rows: .of(rows)
    )
  }
}

extension RowCounts {
  /// `applied: 2, skipped: 1`: only what is not 0.
  var text: String {
    [
      ("applied", applied), ("unchanged", unchanged), ("already_applied", alreadyApplied),
      ("superseded", superseded), ("skipped", skipped), ("rejected", rejected),
    ].filter { $0.1 != 0 }.map { "\($0.0): \($0.1)" }.joined(separator: ", ")
  }
}

/// The code of the `Failure` that `body` throws.
func failureCode(_ body: () async throws -> Void) async -> String? {
  do {
    try await body()
    return nil
  } catch let failure as Failure {
    return failure.code
  } catch {
    return "\(error)"
  }
}
