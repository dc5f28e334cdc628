import SQLDatabase
import SyncModel
import Warehouse

/// A sync as it is kept.
struct StoredSync: Sendable, Equatable {
  enum State: String, Sendable {
    case draft
    case active
    case paused
  }

  /// Rows beyond this end a run, unless the sync says otherwise (R20).
  static let defaultRowLimit: Int64 = 500_000_000
  /// Ten minutes, unless the sync says otherwise (design, decision 1).
  static let defaultOverlap: Int64 = 600_000_000_000

  var workspace: String
  var name: String
  var source: String
  /// Empty when the sync reads a query.
  var table: String
  /// Empty when the sync reads a table or view.
  var query: String
  var data: DataType
  var destination: String
  var schedule: String
  var timeZone: String
  var contacts: [String]
  /// Nanoseconds; nil: the default.
  var overlap: Int64?
  var updateExistingOnly: Bool
  /// 0: the default.
  var rowLimit: Int64
  var breakers = CircuitBreakers()
  var alerts = AlertRules()
  /// Whether a row of attributes that changes nothing counts as unchanged.
  var skipsUnchanged = true

  var state = State.draft
  /// What the last successful test was made with; nil when there was none.
  var tested: TestedSettings?
  /// The columns that it found; empty before there was one.
  var mappedColumns: [SourceColumn] = []
  /// Which sync of this name it is: greater than that of every one that was deleted; 0 for syncs that are
  /// older than this. The writer tells them apart by it.
  var incarnation: Int64 = 0
  /// The last run's fencing token (design, decision 3).
  var epoch: Int64 = 0
  /// The last durable position that the writer told; nil before the first row.
  var cursor: Timestamp?
  var cursorAt = Timestamp(nanoseconds: 0)
  /// The schedule's last slot that had its run, or the time from which slots count, in seconds since
  /// 1970 UTC.
  var lastSlot: Int64 = 0
  /// The code of the failure that its contacts know of; empty while all is well.
  var knownFailure = ""
  var createdAt = Timestamp(nanoseconds: 0)
  var updatedAt = Timestamp(nanoseconds: 0)

  var selection: RowSelection { table.isEmpty ? .query(query) : .table(table) }
  var effectiveOverlap: Int64 { overlap ?? Self.defaultOverlap }
  var effectiveRowLimit: Int64 { rowLimit == 0 ? Self.defaultRowLimit : rowLimit }

  /// What the user decides, without what the orchestrator adds.
  func saysTheSame(as other: StoredSync) -> Bool {
    source == other.source && table == other.table && query == other.query && data == other.data
      && destination == other.destination && schedule == other.schedule
      && timeZone == other.timeZone && contacts == other.contacts && overlap == other.overlap
      && updateExistingOnly == other.updateExistingOnly && rowLimit == other.rowLimit
      && breakers == other.breakers && alerts == other.alerts
      && skipsUnchanged == other.skipsUnchanged
  }
}

/// What a test of a sync proved to work, as text that two equal settings share and no others do.
struct TestedSettings: Sendable, Equatable {
  var text: String
  /// The credential's version; 0 where the driver needs none.
  var credentialVersion: UInt32

  init(text: String, credentialVersion: UInt32) {
    self.text = text
    self.credentialVersion = credentialVersion
  }

  init(source: StoredSource, sync: StoredSync, credentialVersion: UInt32) {
    // Every part carries its length, so that no two lists of parts read the same.
    var text = "1"
    func add(_ part: String) { text += "|\(part.utf8.count):\(part)" }
    add(source.name)
    add(source.type)
    add(source.credential)
    for (name, value) in source.settings.sorted(by: { $0.key < $1.key }) {
      add(name)
      add(value)
    }
    add("")
    add(sync.table)
    add(sync.query)
    add(sync.data.rawValue)
    self.init(text: text, credentialVersion: credentialVersion)
  }
}
