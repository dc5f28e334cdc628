import SQLDatabase
import SyncModel
import Synchronization
import Warehouse

/// One connection to a cluster, and a further one for each other database that a table is in.
final class RedshiftWarehouseConnection: WarehouseConnection {
  private let cluster: RedshiftCluster
  private let session: RedshiftSession
  private struct State {
    var others: [RedshiftSession] = []
    var isClosed = false
  }
  private let state = Mutex(State())

  init(_ cluster: RedshiftCluster, _ session: RedshiftSession) {
    self.cluster = cluster
    self.session = session
  }

  /// The version that it reports is that of its ancestor; `version()` names Redshift's own.
  var server: String {
    get async {
      let result = try? await session.query("SELECT version()")
      let text = result?.rows.first?.first.flatMap { $0 } ?? ""
      if let mark = text.firstRange(of: "Redshift ") {
        return "Redshift " + text[mark.upperBound...].prefix { $0 != "," && $0 != " " }
      }
      return "Redshift (PostgreSQL \(session.connection.serverVersion))"
    }
  }

  func inspect(
    _ selection: RowSelection,
    data: DataType,
    previewLimit: Int
  ) async throws -> Inspection {
    let place: Place
    do {
      place = try await self.place(of: selection)
    } catch let failure as Failure where failure.recovery == .needsOperator {
      return Inspection(problem: failure)
    }
    return try await RedshiftInspector(session: place.session, data: data)
      .inspect(place.selection, previewLimit: previewLimit)
  }

  func readChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?
  ) async throws -> any ChangeReader {
    let place = try await self.place(of: selection)
    let session = place.session
    let changes = try await RedshiftChanges(place.selection, data: data, on: session)
    let time = try await session.serverTime(source: changes.source.name)
    try await session.limitStatements(cluster.runLimit)
    let (sql, parameters) = changes.sql(from: from)
    return try await session.read(
      sql,
      parameters,
      of: changes,
      at: time,
      limit: cluster.runLimit
    )
  }

  func rows(
    of user: SourceUser,
    in selection: RowSelection,
    data: DataType,
    limit: Int
  ) async throws -> UserRows {
    let place = try await self.place(of: selection)
    let session = place.session
    let changes = try await RedshiftChanges(place.selection, data: data, on: session)
    let question = try RedshiftUserRows(user, changes, limit: limit)
    try await session.limitStatements(.question)
    do {
      let rows = try await question.answer(on: session)
      try await session.limitStatements(.none)
      return rows
    } catch {
      // Its limit is not for what may come next; a connection that is lost has none.
      try? await session.limitStatements(.none)
      throw error
    }
  }

  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount {
    let place = try await self.place(of: selection)
    let session = place.session
    let changes = try await RedshiftChanges(place.selection, data: data, on: session)
    try await session.limitStatements(cluster.runLimit)
    let (condition, parameters) = changes.condition(from: from, before: before)
    let found = try await session.count(
      "SELECT count(*), sysdate FROM \(changes.source.from) WHERE \(condition)",
      parameters,
      source: changes.source.name,
      limit: cluster.runLimit
    )
    return ChangeCount(rows: found.count, warehouseTime: found.time)
  }

  func close() async {
    let others = state.withLock { state in
      state.isClosed = true
      defer { state.others = [] }
      return state.others
    }
    for session in others + [session] { await session.connection.close() }
    await cluster.tunnel?.close()
  }

  private struct Place {
    var session: RedshiftSession
    var selection: RowSelection
  }

  /// A table of another database is read over a connection to that one: queries across databases are
  /// not for every kind of node.
  private func place(of selection: RowSelection) async throws -> Place {
    guard case .table(let text) = selection else {
      return Place(session: session, selection: selection)
    }
    let name = try TableName(parsing: text, maximumParts: 3)
    guard name.parts.count == 3, let first = name.parts.first else {
      return Place(session: session, selection: selection)
    }
    let database = cluster.isCaseSensitive && first.isQuoted ? first : TableName([first]).folded
    let table = RowSelection.table(TableName(Array(name.parts.dropFirst())).written)
    let current = TableName.Part(session.database)
    if Array(database.text.utf8) == Array(session.database.utf8)
      || Array(database.text.utf8) == Array(TableName([current]).folded.text.utf8)
    {
      return Place(session: session, selection: table)
    }
    return Place(session: try await self.session(in: database.text), selection: table)
  }

  private func session(in database: String) async throws -> RedshiftSession {
    let known = state.withLock { state in
      state.others.first { Array($0.database.utf8) == Array(database.utf8) }
    }
    if let known { return known }
    let opened = try await cluster.session(in: database)
    let isKept = state.withLock { state in
      if !state.isClosed { state.others.append(opened) }
      return !state.isClosed
    }
    guard isKept else {
      await opened.connection.close()
      throw Failure("connection_closed", "the connection was closed", recovery: .failRun)
    }
    return opened
  }
}

extension TableName {
  /// The first part in lower case, quoted or not: Redshift folds names in quotes too.
  fileprivate var folded: Part {
    TableName(parts.map { Part($0.text) }).foldedToLowerCase.parts.first ?? Part("")
  }

  /// As an operator writes it: quoted parts in quotes.
  fileprivate var written: String {
    parts.map { $0.isQuoted ? Self.quoted($0.text) : $0.text }.joined(separator: ".")
  }
}
