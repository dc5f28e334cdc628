public import Wire

/// `sluice.orchestrator.v1.Sync`.
public struct Sync: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  public var source = ""
  /// A table or view, dotted parts. Exactly one of `table` and `query` is set.
  public var table = ""
  /// One SELECT.
  public var query = ""
  /// Immutable once the sync exists (R136).
  public var data = DataType.unspecified
  /// `profiles` is the built-in profile store.
  public var destination = ""
  /// `manual`, `every 15m`, or `cron 0 3 * * *`.
  public var schedule = ""
  /// An IANA name; empty means UTC.
  public var timeZone = ""
  public var contacts: [String] = []
  public var options: SyncOptions?
  public var state = SyncState.unspecified
  /// True when the last test succeeded and nothing that it tested has changed since.
  public var tested = false
  /// Nanoseconds since 1970 UTC.
  public var createdAt: Int64 = 0
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0
  /// When the schedule has it run next, nanoseconds since 1970 UTC; 0: never.
  public var nextRunAt: Int64 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    source: String = "",
    table: String = "",
    query: String = "",
    data: DataType = .unspecified,
    destination: String = "",
    schedule: String = "",
    timeZone: String = "",
    contacts: [String] = [],
    options: SyncOptions? = nil,
    state: SyncState = .unspecified,
    tested: Bool = false,
    createdAt: Int64 = 0,
    updatedAt: Int64 = 0,
    nextRunAt: Int64 = 0
  ) {
    self.workspace = workspace
    self.name = name
    self.source = source
    self.table = table
    self.query = query
    self.data = data
    self.destination = destination
    self.schedule = schedule
    self.timeZone = timeZone
    self.contacts = contacts
    self.options = options
    self.state = state
    self.tested = tested
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.nextRunAt = nextRunAt
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): source = try reader.string()
      case (4, .lengthDelimited): table = try reader.string()
      case (5, .lengthDelimited): query = try reader.string()
      case (6, .varint): data = try reader.enumeration()
      case (7, .lengthDelimited): destination = try reader.string()
      case (8, .lengthDelimited): schedule = try reader.string()
      case (9, .lengthDelimited): timeZone = try reader.string()
      case (10, .lengthDelimited): contacts.append(try reader.string())
      case (11, .lengthDelimited): try reader.message(into: &options)
      case (12, .varint): state = try reader.enumeration()
      case (13, .varint): tested = try reader.bool()
      case (14, .varint): createdAt = try reader.int64()
      case (15, .varint): updatedAt = try reader.int64()
      case (16, .varint): nextRunAt = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, source)
    writer.string(4, table)
    writer.string(5, query)
    writer.enumeration(6, data)
    writer.string(7, destination)
    writer.string(8, schedule)
    writer.string(9, timeZone)
    writer.strings(10, contacts)
    writer.message(11, options)
    writer.enumeration(12, state)
    writer.bool(13, tested)
    writer.int64(14, createdAt)
    writer.int64(15, updatedAt)
    writer.int64(16, nextRunAt)
  }
}
