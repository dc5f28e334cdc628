import SQLDatabase
import SyncModel
import Warehouse

/// How long a statement may take, the wait in a queue included.
struct StatementLimit: Sendable, Equatable {
  /// 0 for no limit.
  let seconds: Int
  /// What to do where it was too short.
  fileprivate let remedy: String

  static let none = StatementLimit(ofSource: 0)
  /// A connection test may not hold up the person who asked; a cluster that wakes, and a queue, get a
  /// moment.
  static let test = StatementLimit(seconds: 60, remedy: "test again when the cluster is less busy")
  /// For the rows of one user.
  static let question = StatementLimit(
    seconds: 30,
    remedy: "ask again when the cluster is less busy"
  )

  /// What an operator set for a run's query.
  init(ofSource seconds: Int) { self.init(seconds: seconds, remedy: "raise \"statement_timeout\"") }

  private init(seconds: Int, remedy: String) {
    self.seconds = seconds
    self.remedy = remedy
  }
}

/// One session, with what is needed to say why a statement failed.
struct RedshiftSession: Sendable {
  let connection: PostgreSQLConnection
  let cluster: RedshiftCluster
  let database: String

  init(_ connection: PostgreSQLConnection, _ cluster: RedshiftCluster, database: String) {
    self.connection = connection
    self.cluster = cluster
    self.database = database
  }

  /// Runs a statement and keeps its whole result: for small ones. A serialization conflict is tried
  /// once more.
  func query(_ sql: String, _ parameters: [String?] = []) async throws -> PostgreSQLResult {
    do {
      return try await connection.query(sql, parameters)
    } catch let error as PostgreSQLError where error.isSerializationConflict {
      return try await connection.query(sql, parameters)
    }
  }

  /// Redshift counts planning and the wait in a queue too.
  func limitStatements(_ limit: StatementLimit) async throws {
    do {
      try await connection.script("SET statement_timeout TO \(limit.seconds * 1000)")
    } catch {
      throw await failure(error, source: "the source")
    }
  }

  /// The cluster's clock, now. `SYSDATE` is when the transaction began, so when this statement did.
  func serverTime(source: String) async throws -> Timestamp {
    let text: String
    do {
      text = try await query("SELECT sysdate").rows.first?.first.flatMap { $0 } ?? ""
    } catch {
      throw await failure(error, source: source)
    }
    guard let time = Timestamp(text: text) else {
      throw Failure("query_failed", "the server's clock reads \"\(text)\"", recovery: .failRun)
    }
    return time
  }

  /// Runs a statement that gives a number and SYSDATE.
  func count(
    _ sql: String,
    _ parameters: [String?],
    source: String,
    limit: StatementLimit
  ) async throws -> (count: Int64, time: Timestamp) {
    let began = ContinuousClock.now
    let row: [String?]
    do {
      row = try await query(sql, parameters).rows.first ?? []
    } catch {
      throw await failure(error, source: source, limit: limit, since: began)
    }
    guard row.count == 2, let count = row[0].flatMap({ Int64($0) }),
      let time = row[1].flatMap({ Timestamp(text: $0) })
    else {
      throw Failure(
        "query_failed",
        "the cluster's count of \(source) cannot be read",
        recovery: .failRun
      )
    }
    return (count, time)
  }

  /// Starts a statement and reads its rows as batches.
  /// - Parameter limit: what was set for the statement.
  func read(
    _ sql: String,
    _ parameters: [String?],
    of changes: RedshiftChanges,
    at time: Timestamp,
    limit: StatementLimit
  ) async throws -> PostgreSQLChangeReader {
    let source = changes.source.name
    let began = ContinuousClock.now
    let explain: @Sendable (any Error) async -> any Error = {
      await failure(
        $0,
        source: source,
        table: changes.source.table,
        limit: limit,
        since: began
      )
    }
    do {
      try await connection.startStream(sql, parameters)
    } catch {
      throw await explain(error)
    }
    return PostgreSQLChangeReader(
      connection,
      source: source,
      columns: changes.columns,
      warehouseTime: time,
      hasSizeColumn: false,
      again: { error in
        guard (error as? PostgreSQLError)?.isSerializationConflict == true else {
          throw await explain(error)
        }
        try await connection.startStream(sql, parameters)
      },
      explain: explain
    )
  }

  /// What went wrong with a statement. A tunnel that is gone is the cause of a connection that is.
  ///
  /// - Parameters:
  ///   - table: where the source is one.
  ///   - limit: the statement's.
  ///   - began: when the statement was sent.
  func failure(
    _ error: any Error,
    source: String,
    table: TableName? = nil,
    limit: StatementLimit = .none,
    since began: ContinuousClock.Instant? = nil
  ) async -> any Error {
    if let lost = await cluster.tunnel?.explanation(of: error) { return lost }
    if let error = error as? PostgreSQLError, error.sqlState == "57014" {
      let elapsed = began.map { $0.duration(to: .now) } ?? .zero
      return await ended(error, source: source, limit: limit, after: elapsed)
    }
    if let error = error as? PostgreSQLError, error.kind == .connectionLost {
      return Failure(
        "connection_lost",
        """
        the connection to \(cluster.place) was lost while reading \(source): \(error.message); it is \
        made again by itself; where that recurs, look for maintenance of the cluster, or for a firewall \
        that drops idle connections
        """,
        recovery: .reconnect,
        cause: error.description
      )
    }
    guard let error = error as? PostgreSQLError, RedshiftFailure.isDenied(error), let table else {
      return RedshiftFailure.running(error, source: source)
    }
    return RedshiftFailure.running(error, source: source, remedy: await missingGrants(on: table))
  }

  /// The statements that an administrator has to run; nil where the catalog does not know the table, as
  /// it does not know a late-binding view.
  private func missingGrants(on table: TableName) async -> String? {
    guard let schema = table.parts.dropLast().last, let name = table.parts.last else { return nil }
    let sql = """
      SELECT n.nspname, c.relname, has_schema_privilege(n.nspname, 'USAGE'), \
      has_table_privilege(c.oid, 'SELECT') FROM pg_catalog.pg_class AS c \
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
      WHERE n.nspname IN ($1, $2) AND c.relname IN ($3, $4)
      """
    let folded = table.foldedByCluster.parts.map(\.text)
    let parameters = [schema.text, folded.dropLast().last, name.text, folded.last]
    guard let row = try? await connection.query(sql, parameters).rows.first, row.count == 4,
      let schema = row[0], let name = row[1]
    else { return nil }
    let user = TableName.quoted(cluster.configuration.user)
    let (schemaSQL, nameSQL) = (TableName.quoted(schema), TableName.quoted(name))
    var statements: [String] = []
    if row[2] == "f" { statements.append("GRANT USAGE ON SCHEMA \(schemaSQL) TO \(user)") }
    if row[3] == "f" {
      statements.append("GRANT SELECT ON TABLE \(schemaSQL).\(nameSQL) TO \(user)")
    }
    return statements.isEmpty ? nil : "run: " + statements.joined(separator: "; ")
  }

  /// Redshift has one text and one state for its timeout and for a cancel of somebody's: our own clock
  /// tells them apart, and its history how much of the time was the queue's.
  private func ended(
    _ error: PostgreSQLError,
    source: String,
    limit: StatementLimit,
    after elapsed: Duration
  ) async -> Failure {
    guard limit.seconds > 0, elapsed >= .seconds(limit.seconds) else {
      return Failure(
        "query_cancelled",
        """
        reading \(source) was cancelled at the cluster, by a person or a rule of workload management: \
        \(error.message); run the sync again, or ask who looks after the cluster
        """,
        recovery: .failRun,
        cause: error.description
      )
    }
    let queued = await secondsInQueue()
    if let queued, queued * 2 >= limit.seconds {
      return Failure(
        "queue_timeout",
        """
        reading \(source) took longer than \(limit.seconds) seconds, \(queued) of which it waited in a \
        queue of workload management (WLM): give user "\(cluster.configuration.user)" a queue with free \
        slots, or \(limit.remedy)
        """,
        recovery: .failRun,
        cause: error.description
      )
    }
    return Failure(
      "statement_timeout",
      """
      reading \(source) took longer than \(limit.seconds) seconds, the wait in a queue included: make it \
      quicker (a sort key on UPDATED_AT), or \(limit.remedy)
      """,
      recovery: .failRun,
      cause: error.description
    )
  }

  /// nil where the history does not say.
  private func secondsInQueue() async -> Int? {
    let sql = """
      SELECT queue_time FROM sys_query_history WHERE session_id = pg_backend_pid() \
      ORDER BY start_time DESC LIMIT 1
      """
    guard let result = try? await connection.query(sql), let text = result.rows.first?.first,
      let microseconds = text.flatMap({ Int($0) })
    else { return nil }
    return microseconds / 1_000_000
  }
}

extension PostgreSQLError {
  /// `ERROR: 1023 … Serializable isolation violation`: a retry sees another snapshot.
  var isSerializationConflict: Bool {
    guard kind == .server else { return false }
    return sqlState == "40001" || message.hasPrefix("1023")
      || message.contains("Serializable isolation violation")
  }
}
