import Destination
import SQLDatabase
import SyncModel

extension BatchRun {
  /// Does with a batch what opening the sync and applying it would, in a transaction that the caller
  /// rolls back, and tells what came of it.
  static func evaluate(
    _ asked: BatchToEvaluate,
    policy: PayloadPolicy,
    world: World,
    _ connection: any SQLConnection
  ) throws -> BatchEffects {
    let known = try Workspace.find(asked.workspace, connection).flatMap {
      try SyncRecord.find(workspace: $0.id, name: asked.sync, connection)
    }
    // As the run would that began now.
    let opening = SyncOpening(
      workspace: asked.workspace,
      sync: asked.sync,
      incarnation: asked.incarnation,
      epoch: (known?.epoch ?? 0) &+ 1,
      runID: "evaluation",
      data: asked.data,
      overlap: asked.overlap,
      updateExistingOnly: asked.updateExistingOnly,
      skipsUnchanged: asked.skipsUnchanged
    )
    let position = try SyncFence.open(
      opening,
      now: world.now(),
      connection
    )
    guard !asked.rows.isEmpty else { return BatchEffects(position: position) }
    guard let workspace = try Workspace.find(asked.workspace, connection),
      let sync = try SyncRecord.find(workspace: workspace.id, name: asked.sync, connection)
    else { throw DamagedValue(what: "a sync") }
    let batch = BatchToApply(
      workspace: asked.workspace,
      sync: asked.sync,
      incarnation: opening.incarnation,
      epoch: opening.epoch,
      number: sync.nextBatch,
      id: "",
      runID: opening.runID,
      positionLimit: asked.positionLimit,
      rows: asked.rows
    )
    var run = try BatchRun(
      batch,
      sync,
      workspace,
      policy: policy,
      // Nothing of the log stays, so nothing is sealed.
      rowLog: RowLogOptions(),
      world: world,
      isEvaluation: true,
      connection
    )
    return try run.evaluate(asked, BatchEffects(position: position))
  }

  private mutating func evaluate(
    _ asked: BatchToEvaluate,
    _ start: BatchEffects
  ) throws -> BatchEffects {
    var evaluation = start
    try batch.rows.forEachRow { index, row in
      warnings.removeAll()
      let isTold = evaluation.rows.count < asked.detailLimit
      trace = isTold ? RowTrace() : nil
      let outcome: RowOutcome
      var isKnown = false
      if asked.explains {
        isKnown = try ledger.holds(row.updatedAt, RowFingerprint(row, sink: &sink))
        outcome = try effect(of: row)
      } else {
        outcome = try self.outcome(of: row)
      }
      evaluation.counts.count(outcome)
      if row.updatedAt > batch.positionLimit { evaluation.futureRows += 1 }
      var isWarned = false
      switch outcome {
      case .applied, .unchanged, .superseded: isWarned = !warnings.isEmpty
      case .rejected, .alreadyApplied, .skipped: break
      }
      if isWarned { evaluation.warnings += 1 }
      guard isTold, asked.explains || isWarned || outcome.isDifference else { return }
      var told = RowEffect(
        rowIndex: index,
        updatedAt: row.updatedAt,
        identifier: RowIdentifierText.describe(row),
        outcome: outcome
      )
      told.isKnown = isKnown
      try tell(row, &told)
      evaluation.rows.append(told)
    }
    return evaluation
  }

  /// Adds what the trace saw.
  private mutating func tell(_ row: SourceRow, _ told: inout RowEffect) throws {
    guard let trace else { return }
    if told.outcome == .skipped { told.skipReason = trace.skip }
    told.warnings = warnings.issues
    guard let slot = trace.slot else { return }
    let profile = profiles[slot]
    told.createsProfile = trace.isNew
    told.deletesProfile = trace.deletesProfile
    told.activity = trace.activity
    told.setBy = trace.recorded
    told.externalID = String(decoding: profiles.externalID(of: slot), as: UTF8.self)
    if !trace.isNew { told.brazeID = BrazeID(salt: profile.salt, profile: profile.id).text }
    let before = try AttributeTable(trace.before)
    if sync.data == .attributes {
      try tellAttributes(row, before: before, slot, &told)
    } else if !trace.deletesProfile {
      told.attributes = try differences(before, try AttributeTable(profile.attributes))
    }
  }

  private mutating func tellAttributes(
    _ row: SourceRow,
    before: AttributeTable,
    _ slot: Int,
    _ told: inout RowEffect
  ) throws {
    let after = try AttributeTable(profiles[slot].attributes)
    if told.outcome == .applied { told.attributes = try differences(before, after) }
    for change in changes.sorted() {
      guard let entry = before[change.name] else { continue }
      if entry.version.stamp == row.updatedAt.nanoseconds, told.setBy == nil {
        told.setBy = try origin(entry.version.origin)
      }
      guard told.outcome != .applied, told.attributes.count < AttributeTable.told else { continue }
      told.attributes.append(
        AttributeEffect(
          name: AttributeTable.text(change.name),
          oldValue: entry.value.map(AttributeTable.text),
          newValue: change.operation == .assign
            ? change.value.map { AttributeTable.text([UInt8]($0)) } : nil,
          setAt: Timestamp(nanoseconds: entry.version.stamp),
          setBy: try origin(entry.version.origin)
        )
      )
    }
  }

  private func differences(
    _ before: AttributeTable,
    _ after: AttributeTable
  ) throws -> [AttributeEffect] {
    var found: [AttributeEffect] = []
    for entry in after.entries where found.count < AttributeTable.told {
      let old = before[entry.name]
      guard old?.value != entry.value else { continue }
      found.append(
        AttributeEffect(
          name: entry.name.withUnsafeBytes { AttributeTable.text($0) },
          oldValue: old?.value.map(AttributeTable.text),
          newValue: entry.value.map(AttributeTable.text),
          setAt: old.map { Timestamp(nanoseconds: $0.version.stamp) },
          setBy: try old.flatMap { try origin($0.version.origin) }
        )
      )
    }
    return found
  }

  private func origin(_ number: Int64) throws -> RowEffect.Origin? {
    // The evaluation's own stands for nobody.
    guard number != sync.origin else { return nil }
    return try connection.first(
      """
      SELECT syncs.name, origins.run_id FROM origins JOIN syncs ON syncs.id = origins.sync
      WHERE origins.id = ?1
      """,
      [.integer(number)]
    ) { RowEffect.Origin(sync: $0.string(0), runID: $0.string(1)) }
  }
}

/// A profile's attributes, taken out of their compact form to be compared.
private struct AttributeTable {
  struct Entry {
    var name: [UInt8]
    var value: [UInt8]?
    var version: AttributeVersion
  }

  /// So many of one row are told.
  static let told = 50
  /// Bytes of a value that are shown.
  private static let shown = 256

  /// Sorted by the names' bytes.
  var entries: [Entry] = []

  init(_ bytes: [UInt8]) throws {
    entries = try bytes.withUnsafeBytes { bytes in
      var entries: [Entry] = []
      var attributes = try StoredAttributes(bytes)
      var versions = TrivialStack<AttributeVersion>(capacity: 16)
      try attributes.readVersions(into: &versions)
      while let entry = try attributes.next() {
        guard entry.version < versions.count else { throw DamagedValue(what: "version") }
        entries.append(
          Entry(
            name: [UInt8](entry.name),
            value: entry.value.map { [UInt8]($0) },
            version: versions.base[entry.version]
          )
        )
      }
      return entries
    }
  }

  subscript(name: [UInt8]) -> Entry? { entries.first { $0.name == name } }

  subscript(name: UnsafeRawBufferPointer) -> Entry? {
    entries.first { $0.name.elementsEqual(name) }
  }

  /// For people: of an item the list and its key.
  static func text(_ name: UnsafeRawBufferPointer) -> String {
    name.split(separator: ListedAttribute.separator)
      .map { RowIdentifierText.text(UnsafeRawBufferPointer(rebasing: $0), atMost: 128) }
      .joined(separator: " ")
  }

  static func text(_ value: [UInt8]) -> String {
    guard value.count > shown else { return String(decoding: value, as: UTF8.self) }
    // Not through the middle of a character.
    var end = shown
    while end > 0, value[end] & 0xC0 == 0x80 { end -= 1 }
    return String(decoding: value[..<end], as: UTF8.self) + "…"
  }
}

extension RowOutcome {
  /// It would change something, or is refused.
  fileprivate var isDifference: Bool {
    switch self {
    case .applied, .rejected: true
    case .unchanged, .alreadyApplied, .superseded, .skipped: false
    }
  }
}
