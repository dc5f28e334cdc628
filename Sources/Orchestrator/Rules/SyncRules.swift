import OrchestratorAPI
import RPC
import SyncModel

/// What a user may say of a sync, apart from what needs the store or the warehouse.
enum SyncRules {
  static let builtInDestination = "profiles"
  static let maximumContacts = 50
  /// Bytes of a table's dotted name.
  static let maximumTable = 1000
  /// Bytes of a query.
  static let maximumQuery = 100_000
  /// The writer's ledger keeps every row version inside the overlap: a month is plenty.
  static let maximumOverlap: Int64 = 31 * 86_400_000_000_000

  /// The sync in its one form, its defaults filled in.
  /// - Throws: INVALID_ARGUMENT, naming the field, its value and what is allowed.
  static func validated(
    _ sync: Sync?,
    shortestInterval: Int64 = 15
  ) throws(RPCError) -> StoredSync {
    guard let sync else { throw invalid("invalid_sync", "the request holds no sync") }
    let workspace = try Name.workspace(sync.workspace)
    let name = try Name.validated(sync.name, field: "the sync's name")
    let of = "of sync \"\(name)\""
    guard let data = sync.data.model else {
      throw invalid(
        "invalid_data",
        "the data \(of) must be attributes, events, purchases or deletes"
      )
    }
    return StoredSync(
      workspace: workspace,
      name: name,
      source: try Name.validated(sync.source, field: "the source \(of)"),
      table: try table(sync, of: of),
      query: sync.query,
      data: data,
      destination: try destination(sync.destination, of: of),
      schedule: try ScheduleText.validated(sync.schedule, shortest: shortestInterval),
      timeZone: try timeZone(sync.timeZone, of: of),
      contacts: try contacts(sync.contacts, of: of),
      overlap: try overlap(sync.options?.overlapNs, of: of),
      updateExistingOnly: sync.options?.updateExistingOnly ?? false,
      rowLimit: try rowLimit(sync.options?.rowLimit ?? 0, of: of),
      breakers: try breakers(sync.options ?? SyncOptions(), of: of),
      alerts: AlertRules(
        rejectedPercent: Int64(sync.options?.alertRejectedPercent ?? 0),
        tellsSuccess: sync.options?.alertSuccess ?? false
      ),
      skipsUnchanged: sync.options?.skipUnchanged ?? true
    )
  }

  private static func breakers(
    _ options: SyncOptions,
    of: String
  ) throws(RPCError) -> CircuitBreakers {
    guard options.maxRejectedPercent <= 100, options.alertRejectedPercent <= 100,
      options.maxDeletes >= 0,
      options.unusualVolumeFactor <= 1_000_000
    else {
      throw invalid(
        "invalid_options",
        "the options \(of) must have maxRejectedPercent and alertRejectedPercent from 0 to 100, maxDeletes not negative, and unusualVolumeFactor up to 1000000"
      )
    }
    return CircuitBreakers(
      maxRejectedPercent: Int64(options.maxRejectedPercent),
      maxDeletes: options.maxDeletes,
      unusualVolumeFactor: Int64(options.unusualVolumeFactor)
    )
  }

  /// Exactly one of table and query.
  private static func table(_ sync: Sync, of: String) throws(RPCError) -> String {
    switch (sync.table.isEmpty, sync.query.isEmpty) {
    case (true, true):
      throw invalid("invalid_selection", "name the table, view or query \(of): it has none")
    case (false, false):
      throw invalid(
        "invalid_selection",
        "give either the table or the query \(of), not both"
      )
    default: break
    }
    guard sync.table.utf8.count <= maximumTable, sync.query.utf8.count <= maximumQuery else {
      throw invalid(
        "invalid_selection",
        "a table's name may have \(maximumTable) bytes and a query \(maximumQuery); that \(of) is longer"
      )
    }
    guard !sync.table.utf8.contains(0), !sync.query.utf8.contains(0) else {
      throw invalid("invalid_selection", "the table or query \(of) holds a NUL character")
    }
    return sync.table
  }

  private static func destination(_ name: String, of: String) throws(RPCError) -> String {
    if name.isEmpty || name == builtInDestination { return builtInDestination }
    throw invalid(
      "destination_not_built",
      "destination \(quoted(name)) \(of) is not built yet; use \"\(builtInDestination)\", the built-in profile store"
    )
  }

  private static func timeZone(_ name: String, of: String) throws(RPCError) -> String {
    if name.isEmpty { return "UTC" }
    if TimeZoneName.isKnown(name) { return name }
    throw invalid(
      "invalid_time_zone",
      "time zone \(quoted(name)) \(of) is not known; give an IANA name such as Europe/Berlin or UTC"
    )
  }

  private static func contacts(_ contacts: [String], of: String) throws(RPCError) -> [String] {
    guard contacts.count <= maximumContacts else {
      throw invalid(
        "invalid_contact",
        "\(contacts.count) contacts \(of) are too many; at most \(maximumContacts)"
      )
    }
    for contact in contacts where !MailAddress.isPlausible(contact) {
      throw invalid(
        "invalid_contact",
        "contact \(quoted(contact)) \(of) does not look like a mail address, as in ops@example.com"
      )
    }
    return contacts
  }

  private static func overlap(_ overlap: Int64?, of: String) throws(RPCError) -> Int64? {
    guard let overlap else { return nil }
    guard (0...maximumOverlap).contains(overlap) else {
      throw invalid(
        "invalid_overlap",
        "the overlap \(of) must be 0 to 31 days, not \(overlap) nanoseconds"
      )
    }
    return overlap
  }

  private static func rowLimit(_ limit: Int64, of: String) throws(RPCError) -> Int64 {
    guard limit >= 0 else {
      throw invalid(
        "invalid_row_limit",
        "the row limit \(of) must be 1 or more, or 0 for \(StoredSync.defaultRowLimit), not \(limit)"
      )
    }
    return limit
  }
}
