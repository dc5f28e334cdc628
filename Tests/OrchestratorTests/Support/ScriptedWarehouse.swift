import SyncModel
import Synchronization
import TestSupport
import Warehouse

extension ScriptedWarehouse: WarehouseSetup {
  /// One step that says all that it was told.
  func setupSteps(settings: [String: String], subject: SetupSubject) throws(Failure) -> [SetupStep]
  {
    if subject.table == "bad" {
      throw Failure("invalid_table_name", "the table's name is bad", recovery: .needsOperator)
    }
    return [SetupStep("All", "\(settings.sorted { $0.key < $1.key }) \(subject)")]
  }
}

/// A warehouse of one table in memory, which fails where a test says so.
final class ScriptedWarehouse: WarehouseDriver {
  struct Script: Sendable {
    var rows: [OwnedRow] = []
    var rowsPerBatch = 10
    var now = SimulatedWorld.start
    /// Of the source, as a read finds them.
    var columns: [SourceColumn] = [.updatedAt, .externalID, .payload]
    var connectFailures: [Failure] = []
    /// What `inspect` answers.
    var inspection = Inspection(columns: [Inspection.Column(name: "UPDATED_AT", type: "timestamp")])
    var inspectFailure: Failure?
    var queryFailure: Failure?
    /// Thrown instead of the batch of this number, from 0.
    var batchFailure: (number: Int, error: any Error)?
    /// Awaited before the batch of this number, from 0.
    var gate: (number: Int, gate: Gate)?
    /// Added to the true number of rows; nil: the warehouse says nothing.
    var reportError: Int64?
  }

  struct Log: Sendable {
    var connects: [String] = []
    /// The second credential of the last connection.
    var tunnel: WarehouseCredential?
    /// Where each read began; nil: from the beginning.
    var reads: [Timestamp?] = []
    var batchesRead = 0
    var opened = 0
    var closed = 0
  }

  let type: String
  let credentialTypes: [CredentialType]
  let schema = SettingsSchema([
    SettingsSchema.Field("host", .text, isRequired: true, help: "the server's name"),
    SettingsSchema.Field("port", .port, defaultValue: "5432", help: "the server's port"),
    SettingsSchema.Field(
      "tunnel",
      .credential([.sshKeyPair, .token]),
      help: "a second credential"
    ),
  ])
  private let state = Mutex((script: Script(), log: Log()))

  init(type: String = "scripted", credentialTypes: [CredentialType] = [.password]) {
    self.type = type
    self.credentialTypes = credentialTypes
  }

  var script: Script {
    get { state.withLock { $0.script } }
    set { state.withLock { $0.script = newValue } }
  }
  var log: Log { state.withLock { $0.log } }
  func note(_ body: (inout Log) -> Void) { state.withLock { body(&$0.log) } }

  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection {
    let credential = credentials.main
    try state.withLock { state in
      state.log.tunnel = credentials.named["tunnel"]
      state.log.connects.append(
        "\(credential?.username ?? "-"):\(String(decoding: credential?.secret ?? [], as: UTF8.self))@\(settings["host"] ?? ""):\(settings["port"] ?? "")"
      )
      if !state.script.connectFailures.isEmpty { throw state.script.connectFailures.removeFirst() }
      state.log.opened += 1
    }
    return Connection(warehouse: self)
  }

  private final class Connection: WarehouseConnection {
    let warehouse: ScriptedWarehouse
    private let isClosed = Mutex(false)

    init(warehouse: ScriptedWarehouse) { self.warehouse = warehouse }

    var server: String { get async { "Scripted 1.0" } }

    func inspect(_ selection: RowSelection, data: DataType, previewLimit: Int) async throws
      -> Inspection
    {
      if let failure = warehouse.script.inspectFailure { throw failure }
      return warehouse.script.inspection
    }

    func readChanges(_ selection: RowSelection, data: DataType, from: Timestamp?) async throws
      -> any ChangeReader
    {
      warehouse.note { $0.reads.append(from) }
      let script = warehouse.script
      if let failure = script.queryFailure { throw failure }
      let rows = script.rows.filter { $0.updatedAt >= from ?? .earliest }
        .sorted { $0.updatedAt < $1.updatedAt }
      return Reader(warehouse: warehouse, script: script, rows: rows)
    }

    func rows(
      of user: SourceUser,
      in selection: RowSelection,
      data: DataType,
      limit: Int
    ) async throws -> UserRows {
      let script = warehouse.script
      if let failure = script.queryFailure { throw failure }
      guard case .externalID(let wanted) = user else {
        throw Failure(
          "identifier_column_missing",
          "the table has no such column",
          recovery: .needsOperator
        )
      }
      let rows = script.rows.filter { $0.externalID.map { $0.elementsEqual(wanted.utf8) } ?? false }
        .sorted { $0.updatedAt > $1.updatedAt }
      return UserRows(
        rows: rows.prefix(limit).map { .of([$0]) },
        hasMore: rows.count > limit,
        rowsWithoutUpdatedAt: 0,
        warehouseTime: script.now
      )
    }

    func countChanges(
      _ selection: RowSelection,
      data: DataType,
      from: Timestamp?,
      before: Timestamp?
    ) async throws -> ChangeCount {
      let script = warehouse.script
      if let failure = script.queryFailure { throw failure }
      let rows = script.rows.filter { row in
        row.updatedAt >= from ?? .earliest && before.map { row.updatedAt < $0 } ?? true
      }
      return ChangeCount(rows: Int64(rows.count), warehouseTime: script.now)
    }

    func close() async {
      let isFirst = isClosed.withLock { closed in
        defer { closed = true }
        return !closed
      }
      if isFirst { warehouse.note { $0.closed += 1 } }
    }
  }

  private final class Reader: ChangeReader {
    let warehouse: ScriptedWarehouse
    let script: Script
    let rows: [OwnedRow]
    private let position = Mutex((next: 0, batch: 0))

    init(warehouse: ScriptedWarehouse, script: Script, rows: [OwnedRow]) {
      self.warehouse = warehouse
      self.script = script
      self.rows = rows
    }

    var warehouseTime: Timestamp { script.now }
    var columns: [SourceColumn] { script.columns }

    func nextBatch() async throws -> RowBatch? {
      let number = position.withLock { $0.batch }
      if let (gated, gate) = script.gate, gated == number { try await gate.wait() }
      if let (failing, error) = script.batchFailure, failing == number { throw error }
      let range = position.withLock { position in
        let range = position.next..<min(rows.count, position.next + script.rowsPerBatch)
        position = (range.upperBound, position.batch + 1)
        return range
      }
      if range.isEmpty { return nil }
      warehouse.note { $0.batchesRead += 1 }
      return RowBatch.of(Array(rows[range]))
    }

    var reportedRowCount: Int64? {
      get async { script.reportError.map { Int64(rows.count) + $0 } }
    }
  }
}

/// Holds tasks back until a test lets them go; also tells the test that one has come.
final class Gate: Sendable {
  private let opened = AsyncStream.makeStream(of: Void.self)
  private let arrived = AsyncStream.makeStream(of: Void.self)

  func open() { opened.continuation.finish() }

  /// - Throws: `CancellationError`.
  func wait() async throws {
    arrived.continuation.finish()
    for await _ in opened.stream {}
    try Task.checkCancellation()
  }

  /// Returns when somebody waits.
  func reached() async { for await _ in arrived.stream {} }
}
