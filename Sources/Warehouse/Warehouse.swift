public import SyncModel

/// A kind of warehouse: one folder in `Warehouses`, one line in its registry.
public protocol WarehouseDriver: Sendable {
  /// The `type` of a source, e.g. `postgresql`.
  var type: String { get }
  /// What a source's settings may hold; feeds validation, help and the contract suite.
  var schema: SettingsSchema { get }
  /// The types of credential that a source of this type may use, one of them; empty: it takes none.
  var credentialTypes: [CredentialType] { get }

  /// Opens one connection. Cancelling the task gives up.
  /// - Parameter tag: of every statement of the connection.
  /// - Throws: `Failure`, e.g. `wrong_password`, `host_not_found`, `connection_refused`.
  func connect(
    settings: [String: String],
    credentials: WarehouseCredentials,
    tag: QueryTag
  ) async throws -> any WarehouseConnection
}

/// The rows of a sync: a table or view, or one SELECT.
public enum RowSelection: Sendable, Equatable {
  /// Dotted, each part quoted by the driver: `public.purchases`.
  case table(String)
  case query(String)
}

/// One open connection, used by one task at a time.
public protocol WarehouseConnection: Sendable {
  /// The server's own name and version, for people.
  var server: String { get async }

  /// Looks at the columns, counts rows without UPDATED_AT, and previews rows.
  ///
  /// A missing table or column is a problem in the report; a lost connection is thrown.
  /// - Throws: `Failure`.
  func inspect(_ selection: RowSelection, data: DataType, previewLimit: Int) async throws
    -> Inspection

  /// Starts the one SELECT of a run: every row with UPDATED_AT not null and, where `from` is set,
  /// `>= from`, in the order of UPDATED_AT. One statement is one snapshot (warehouses.md, E.1).
  ///
  /// The columns are checked first (R21 to R26): a run never guesses.
  /// - Throws: `Failure`, e.g. `table_not_found`, `column_missing`, `payload_in_deletes`.
  func readChanges(_ selection: RowSelection, data: DataType, from: Timestamp?) async throws
    -> any ChangeReader

  /// The rows of one user, newest UPDATED_AT first, whatever the cursor. For one question of a
  /// person's: it may take half a minute at most where the warehouse knows such a limit.
  /// - Parameter limit: from 1 to 1000; more rows are only told of.
  /// - Throws: `Failure`, as `readChanges`; `identifier_column_missing`.
  func rows(of user: SourceUser, in selection: RowSelection, data: DataType, limit: Int)
    async throws
    -> UserRows

  /// Counts what `readChanges` would read, before an operator moves a cursor: rows with UPDATED_AT not
  /// null, `>= from` where it is set and `< before` where that is. May take as long as a scan.
  /// - Throws: `Failure`, as `readChanges`.
  func countChanges(
    _ selection: RowSelection,
    data: DataType,
    from: Timestamp?,
    before: Timestamp?
  ) async throws -> ChangeCount

  /// Cancels what is under way and closes. Never throws; safe to call twice.
  func close() async
}

/// The result of a run's SELECT, as it streams in. Used by one task at a time.
///
/// Memory stays bounded: the driver reads ahead at most one batch.
public protocol ChangeReader: Sendable {
  /// The warehouse's own clock when the query began: the cursor never passes it (decision 4).
  var warehouseTime: Timestamp { get }

  /// Those of the source that the rows are made of.
  var columns: [SourceColumn] { get }

  /// The next rows; nil at the end of the result.
  /// - Throws: `Failure`; what was handed out before stays valid.
  func nextBatch() async throws -> RowBatch?

  /// How many rows the warehouse itself says the result had; nil where it does not say, or before
  /// the end.
  var reportedRowCount: Int64? { get async }
}

/// What `countChanges` found.
public struct ChangeCount: Sendable, Equatable {
  public var rows: Int64
  /// The warehouse's own clock then.
  public var warehouseTime: Timestamp

  public init(rows: Int64, warehouseTime: Timestamp) {
    self.rows = rows
    self.warehouseTime = warehouseTime
  }
}

/// What `inspect` found.
public struct Inspection: Sendable, Equatable {
  public struct Column: Sendable, Equatable {
    public var name: String
    /// The warehouse's own name of the type.
    public var type: String
    public init(name: String, type: String) {
      self.name = name
      self.type = type
    }
  }

  /// The first problem that keeps a sync from running; nil when it can run.
  public var problem: Failure?
  public var warnings: [String]
  public var columns: [Column]
  /// Newest first; each row's values as text in the order of `columns`, nil for NULL, cut at 256
  /// characters.
  public var preview: [[String?]]
  public var rowsWithoutUpdatedAt: Int64

  public init(
    problem: Failure? = nil,
    warnings: [String] = [],
    columns: [Column] = [],
    preview: [[String?]] = [],
    rowsWithoutUpdatedAt: Int64 = 0
  ) {
    self.problem = problem
    self.warnings = warnings
    self.columns = columns
    self.preview = preview
    self.rowsWithoutUpdatedAt = rowsWithoutUpdatedAt
  }

  /// Notes all that keeps a sync from running: the first is the problem, and as whoever mends it wants
  /// to know the others too, they are warnings.
  public mutating func found(_ problems: [Failure]) {
    problem = problems.first
    also(problems.dropFirst())
  }

  /// Notes what is wrong besides the problem.
  public mutating func also(_ problems: some Sequence<Failure>) {
    warnings += problems.map { "also: \($0.message)" }
  }

  /// Notes how many rows have no UPDATED_AT, and warns of them where there are any.
  public mutating func found(rowsWithoutUpdatedAt count: Int64) {
    rowsWithoutUpdatedAt = count
    guard count > 0 else { return }
    warnings.append(
      "\(count) \(count == 1 ? "row has" : "rows have") no UPDATED_AT and will never be read"
    )
  }
}
