public import Destination
public import SQLDatabase
public import SyncModel

/// The built-in destination: user profiles in a database of our own.
///
/// Effects, ledger, position and receipt of a batch change in one durable transaction, so that every
/// row version counts once, whatever crashes when (design, decisions 2 and 3).
public struct ProfileStore: Destination, ProfileReading {
  private let database: any SQLDatabase
  private let world: World
  private let policy: PayloadPolicy
  private let rowLog: RowLogOptions

  /// A page of an export: this many profiles, or as many as fill `pageBytes`.
  static let pageRows = 500
  private static let pageBytes = 1_000_000

  /// The schema that the database must have been opened with.
  public static var migrations: SQLMigrations { ProfileStoreSchema.migrations }

  /// - Parameters:
  ///   - database: opened with `migrations`; the store does not close it.
  ///   - world: gives the time of processing, and ids for new profiles.
  ///   - policy: the limits of payloads, and names that are not stored.
  ///   - rowLog: what is kept of rejected rows.
  public init(
    database: any SQLDatabase,
    world: World,
    policy: PayloadPolicy = PayloadPolicy(),
    rowLog: RowLogOptions = RowLogOptions()
  ) {
    self.database = database
    self.world = world
    self.policy = policy
    self.rowLog = rowLog
  }

  /// Opens or makes the store's SQLite file.
  /// - Throws: `Failure` `storage_unavailable`, `storage_corrupt`, `disk_full`, `storage_busy`.
  public static func open(
    path: String,
    world: World,
    policy: PayloadPolicy = PayloadPolicy(),
    rowLog: RowLogOptions = RowLogOptions()
  ) async throws -> ProfileStore {
    do {
      let database = try await SQLiteDatabase.open(path: path, migrations: migrations)
      return ProfileStore(database: database, world: world, policy: policy, rowLog: rowLog)
    } catch {
      throw StorageFailure.failure(error)
    }
  }

  /// Finishes what is under way and closes the database.
  public func close() async { await database.close() }

  // MARK: Destination

  public func open(_ opening: SyncOpening) async throws -> SyncPosition {
    let now = world.now()
    return try await transaction { try SyncFence.open(opening, now: now, $0) }
  }

  public func move(_ move: PositionMove) async throws -> PositionMoved {
    let now = world.now()
    return try await transaction { try SyncMove.move(move, now: now, $0) }
  }

  public func apply(_ batch: BatchToApply) async throws -> BatchReceipt {
    let (world, policy, rowLog) = (self.world, self.policy, self.rowLog)
    return try await transaction {
      try BatchRun.apply(batch, policy: policy, rowLog: rowLog, world: world, $0)
    }
  }

  public func evaluate(_ batch: BatchToEvaluate) async throws -> BatchEffects {
    let (world, policy) = (self.world, self.policy)
    do {
      return try await transaction { connection -> BatchEffects in
        throw Evaluated(
          evaluation: try BatchRun.evaluate(batch, policy: policy, world: world, connection)
        )
      }
    } catch let done as Evaluated {
      return done.evaluation
    }
  }

  /// Thrown to have an evaluation's transaction rolled back.
  private struct Evaluated: Error {
    var evaluation: BatchEffects
  }

  public func rejectedRows(
    workspace: String,
    sync: String,
    incarnation: UInt64,
    of user: ProfileIdentifier,
    limit: Int
  ) async throws -> [RowRejection] {
    try await read { connection in
      try RejectedRows.rows(
        of: user,
        workspace: workspace,
        sync: sync,
        incarnation: incarnation,
        limit: limit,
        connection
      )
    }
  }

  public func rejectedRows(
    _ query: RowLogQuery,
    _ body: (RowRejection) async throws -> Void
  ) async throws {
    let key = query.withPayload ? try sealingKey() : nil
    var after: Int64 = 0
    var left = query.limit ?? .max
    var (sealedOtherwise, damaged): (Int64, Int64) = (0, 0)
    while left > 0 {
      let (from, count) = (after, min(left, Self.pageRows))
      let page = try await read {
        try RejectedRows.page(query, key: key, after: from, count: count, $0)
      }
      for row in page.rows { try await body(row) }
      sealedOtherwise += page.sealedOtherwise
      damaged += page.damaged
      guard let last = page.last else { break }
      after = last
      left -= page.rows.count
    }
    try Self.checkUnsealed(otherwise: sealedOtherwise, damaged: damaged)
  }

  public func retryRows(
    _ retry: RowRetry,
    _ body: (RetriedRowCounts) async throws -> Void
  ) async throws {
    let key = try sealingKey()
    let (world, policy, rowLog) = (self.world, self.policy, self.rowLog)
    // Rows that a run rejects from now on are the next retry's.
    let end = try await read { try RowRetryPage.lastEntry($0) }
    var after: Int64 = 0
    var total = RetriedRowCounts()
    while true {
      let from = after
      let page = try await transaction { connection in
        try RowRetryPage.apply(
          retry,
          after: from,
          upTo: end,
          key: key,
          policy: policy,
          rowLog: rowLog,
          world: world,
          connection
        )
      }
      guard let last = page.last else { break }
      after = last
      total += page.counts
      try await body(page.counts)
    }
    try Self.checkUnsealed(otherwise: total.sealedOtherwise, damaged: total.damaged)
  }

  public func forgetExpiredRows() async throws -> Int {
    let now = world.now()
    return try await transaction { try RejectedRows.forgetExpired(now: now, $0) }
  }

  private func sealingKey() throws(Failure) -> RowLogKey {
    guard let key = rowLog.key else { throw RowLogKey.missing }
    return key
  }

  /// Tells of rows that nobody could read, once all others are done.
  private static func checkUnsealed(otherwise: Int64, damaged: Int64) throws(Failure) {
    if otherwise > 0 { throw RowLogKey.wrong(otherwise) }
    if damaged > 0 { throw RowLogKey.damaged(damaged) }
  }

  // MARK: ProfileReading

  public func profile(
    workspace: String,
    identifier: ProfileIdentifier,
    withEvents: Bool
  ) async throws -> ExportedProfile? {
    try await read { connection in
      guard let workspace = try Workspace.find(workspace, connection),
        let id = try ProfileSet.find(identifier, in: workspace, connection)
      else { return nil }
      var document = ProfileDocument(connection, withEvents: withEvents)
      return try connection.first(
        "SELECT \(ProfileStatements.columns) FROM profiles WHERE id = ?1",
        [.integer(id)]
      ) { try document.export($0) }
    }
  }

  public func explain(
    workspace: String,
    identifier: ProfileIdentifier,
    attribute: String
  ) async throws -> [AttributeExplanation]? {
    try await read { connection in
      guard let workspace = try Workspace.find(workspace, connection),
        let id = try ProfileSet.find(identifier, in: workspace, connection)
      else { return nil }
      return try AttributeOrigins.explain(attribute, profile: id, workspace, connection)
    }
  }

  public func exportProfiles(
    workspace: String,
    withEvents: Bool,
    _ body: (ExportedProfile) async throws -> Void
  ) async throws {
    guard let range = try await read({ try Workspace.find(workspace, $0)?.profileIDs }) else {
      return
    }
    var after = range.lowerBound - 1
    while true {
      let from = after
      let page = try await read { connection in
        try Self.page(from, upTo: range.upperBound, withEvents: withEvents, connection)
      }
      for profile in page.profiles { try await body(profile) }
      guard let last = page.last else { return }
      after = last
    }
  }

  public func counts(workspace: String) async throws -> ProfileTotals {
    let found = try await read { try Workspace.find(workspace, $0) }
    return ProfileTotals(
      profiles: found?.profiles ?? 0,
      events: found?.events ?? 0,
      purchases: found?.purchases ?? 0,
      revenue: (found?.revenue ?? .zero).description
    )
  }

  // MARK: Parts

  /// - Returns: `last`: the number to go on after; nil at the end.
  private static func page(
    _ after: Int64,
    upTo end: Int64,
    withEvents: Bool,
    _ connection: any SQLConnection
  ) throws -> (profiles: [ExportedProfile], last: Int64?) {
    var document = ProfileDocument(connection, withEvents: withEvents)
    let statement = try connection.prepare(
      """
      SELECT \(ProfileStatements.columns) FROM profiles WHERE id > ?1 AND id <= ?2 ORDER BY id
      """
    )
    statement.bind(after, at: 1)
    statement.bind(end, at: 2)
    defer { statement.reset() }
    var profiles: [ExportedProfile] = []
    var last: Int64?
    var bytes = 0
    while profiles.count < pageRows, bytes < pageBytes, try statement.step() {
      let profile = try document.export(statement)
      bytes += profile.json.count
      last = statement.int64(0)
      profiles.append(profile)
    }
    return (profiles, last)
  }

  private func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> T
  ) async throws -> T {
    do {
      return try await database.transaction(body)
    } catch {
      throw StorageFailure.failure(error)
    }
  }

  private func read<T: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection) throws -> T
  ) async throws -> T {
    do {
      return try await database.read(body)
    } catch {
      throw StorageFailure.failure(error)
    }
  }
}
