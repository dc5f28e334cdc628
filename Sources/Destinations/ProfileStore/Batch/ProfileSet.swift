import Crypto
import SQLDatabase
import SyncModel

/// The profiles that a batch touches: each is read once, changed in memory by all of its rows in
/// their order, and written once.
///
/// What profiles are found by besides the external id (aliases, emails, phones) is written at once,
/// so that later rows of the batch find by it what earlier ones made.
struct ProfileSet: ~Copyable {
  struct Slot {
    var id: Int64
    var salt: UInt32
    /// Where the external id is in `names`; empty without one.
    var externalID: Range<Int>
    var updatedAt: Int64
    var attributes: [UInt8]
    var activity: [UInt8]
    var isNew = false
    var isChanged = false
    var isDeleted = false
  }

  private(set) var slots: [Slot] = []
  var workspace: Workspace
  let statements: ProfileStatements
  private var names = ByteSink(capacity: 4096)
  private var byExternalID: SlotTable
  private var byID: SlotTable
  /// For new braze ids.
  private let salt: UInt32
  var scratch = ByteSink(capacity: 256)

  /// - Parameters:
  ///   - rows: how many profiles to make room for.
  ///   - seed: an id of the world's, from which braze ids take what is random in them.
  init(_ workspace: Workspace, rows: Int, seed: String, statements: ProfileStatements) {
    self.workspace = workspace
    self.statements = statements
    byExternalID = SlotTable(capacity: rows)
    byID = SlotTable(capacity: rows)
    salt = UInt32(truncatingIfNeeded: SHA256.digest(Array(seed.utf8)).word0 >> 32)
    slots.reserveCapacity(rows)
  }

  subscript(slot: Int) -> Slot {
    get { slots[slot] }
    _modify { yield &slots[slot] }
  }

  /// Empty without one.
  func externalID(of slot: Int) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(rebasing: names.bytes[slots[slot].externalID]))
  }

  // MARK: Finding

  mutating func find(externalID: UnsafeRawBufferPointer) throws -> Int? {
    let known = byExternalID.first(externalID.quickHash) { slot in
      UnsafeRawBufferPointer(rebasing: names.bytes[slots[slot].externalID])
        .sameBytes(as: externalID)
    }
    if let known { return slots[known].isDeleted ? nil : known }
    let statement = statements.byExternalID
    statement.bind(workspace.id, at: 1)
    statement.bind(blob: externalID, at: 2)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return register(statement)
  }

  mutating func find(id: Int64) throws -> Int? {
    if let known = known(id: id) { return slots[known].isDeleted ? nil : known }
    let statement = statements.byID
    statement.bind(id, at: 1)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return register(statement)
  }

  func known(id: Int64) -> Int? {
    byID.first(Self.hash(id)) { slots[$0].id == id }
  }

  /// Takes over a row of `ProfileStatements.columns`.
  private mutating func register(_ row: any SQLRow) -> Int {
    let start = names.count
    row.withBytes(5) { names.append($0) }
    return add(
      Slot(
        id: row.int64(0),
        salt: UInt32(truncatingIfNeeded: row.int64(1)),
        externalID: start..<names.count,
        updatedAt: row.int64(2),
        attributes: row.blob(3),
        activity: row.blob(4)
      )
    )
  }

  private mutating func add(_ slot: Slot) -> Int {
    let index = slots.count
    slots.append(slot)
    byID.insert(Self.hash(slot.id), slot: index)
    if !slot.externalID.isEmpty {
      let name = UnsafeRawBufferPointer(rebasing: names.bytes[slot.externalID])
      byExternalID.insert(name.quickHash, slot: index)
    }
    return index
  }

  private static func hash(_ id: Int64) -> UInt64 {
    let product = UInt64(bitPattern: id).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }

  // MARK: Changing

  /// A new profile without attributes.
  mutating func create(externalID: UnsafeRawBufferPointer?) throws -> Int {
    let id = workspace.profileIDs.lowerBound + workspace.nextProfile
    guard workspace.profileIDs.contains(id) else {
      throw Failure(
        "too_many_profiles",
        "The workspace holds no more profiles",
        recovery: .needsOperator
      )
    }
    let start = names.count
    if let externalID { names.append(externalID) }
    let slot = add(
      Slot(
        id: id,
        salt: salt,
        externalID: start..<names.count,
        updatedAt: .min,
        attributes: [],
        activity: [],
        isNew: true,
        isChanged: true
      )
    )
    workspace.nextProfile += 1
    workspace.profiles += 1
    return slot
  }

  /// Notes that a row of this time was applied: shared emails and phones go by it (R47, R48).
  mutating func touch(_ slot: Int, at time: Int64) {
    slots[slot].updatedAt = max(slots[slot].updatedAt, time)
    slots[slot].isChanged = true
  }

  /// As `touch` for a row that changed nothing: the profile is written only for a later time.
  mutating func confirm(_ slot: Int, at time: Int64) {
    if time > slots[slot].updatedAt { touch(slot, at: time) }
  }

  /// Removes a profile and all that belongs to it. The workspace's totals of events, purchases and
  /// revenue stay, as Braze documents of aggregates.
  mutating func delete(_ slot: Int) throws {
    try reindex(slot, attributes: UnsafeRawBufferPointer(start: nil, count: 0))
    try statements.deleteRows(of: slots[slot].id)
    workspace.profiles -= 1
    slots[slot].isDeleted = true
  }

  // MARK: Writing

  /// Writes every profile that was made or changed, in the order of their ids: neighbours share
  /// pages.
  mutating func flush() throws {
    var order = slots.indices.filter { slots[$0].isChanged && !slots[$0].isDeleted }
    order.sort { slots[$0].id < slots[$1].id }
    for index in order {
      let slot = slots[index]
      try slot.attributes.withUnsafeBytes { attributes in
        try slot.activity.withUnsafeBytes { activity in
          let statement = slot.isNew ? statements.insert : statements.update
          statement.bind(slot.id, at: 1)
          statement.bind(slot.updatedAt, at: 2)
          statement.bind(blob: attributes, at: 3)
          statement.bind(blob: activity, at: 4)
          if slot.isNew {
            statement.bind(workspace.id, at: 5)
            if slot.externalID.isEmpty {
              statement.bindNull(at: 6)
            } else {
              statement.bind(
                blob: UnsafeRawBufferPointer(rebasing: names.bytes[slot.externalID]),
                at: 6
              )
            }
            statement.bind(Int64(slot.salt), at: 7)
          }
          try statement.run()
        }
      }
      slots[index].isNew = false
      slots[index].isChanged = false
    }
  }
}
