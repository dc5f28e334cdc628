import Destination
import SQLDatabase
import SyncModel

/// Tells of one attribute which row, run and sync set it last.
enum AttributeOrigins {
  /// - Returns: one explanation of an attribute, several of one that is a list of items, none where
  ///   the profile never had it.
  static func explain(
    _ attribute: String,
    profile: Int64,
    _ workspace: Workspace,
    _ connection: any SQLConnection
  ) throws -> [AttributeExplanation] {
    let wanted = Array(attribute.utf8)
    let bytes = try connection.first(
      "SELECT attributes FROM profiles WHERE id = ?1",
      [.integer(profile)]
    ) { $0.blob(0) }
    guard let bytes else { return [] }
    var found: [(value: [UInt8]?, key: String, last: AttributeVersion, assigned: Int64?)] = []
    try bytes.withUnsafeBytes { bytes in
      var attributes = try StoredAttributes(bytes)
      var versions = TrivialStack<AttributeVersion>(capacity: 16)
      try attributes.readVersions(into: &versions)
      while let entry = try attributes.next() {
        let parts = ListedAttribute.parts(of: entry.name)
        guard (parts?.list ?? entry.name).elementsEqual(wanted) else { continue }
        guard entry.version < versions.count, (entry.assigned ?? 0) < versions.count else {
          throw DamagedValue(what: "version")
        }
        let key = parts.map { part in
          part.key.split(separator: ListedAttribute.separator)
            .map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
        }
        found.append(
          (
            entry.value.map { [UInt8]($0) }, key ?? "", versions.base[entry.version],
            entry.assigned.map { versions.base[$0].stamp }
          )
        )
      }
    }
    let type = try connection.first(
      "SELECT type FROM attribute_types WHERE workspace = ?1 AND name = ?2",
      [.integer(workspace.id), .blob(wanted)]
    ) { UInt8(exactly: $0.int64(0)).flatMap(AttributeType.init(rawValue:)) }
    return try found.map { found in
      let origin = try connection.first(
        """
        SELECT origins.run_id, origins.opened_at, syncs.name FROM origins
        JOIN syncs ON syncs.id = origins.sync WHERE origins.id = ?1
        """,
        [.integer(found.last.origin)]
      ) { (run: $0.string(0), opened: $0.int64(1), sync: $0.string(2)) }
      guard let origin else { throw DamagedValue(what: "an attribute's origin") }
      return AttributeExplanation(
        item: found.key,
        value: found.value,
        type: type.flatMap { $0?.description } ?? "",
        updatedAt: Timestamp(nanoseconds: found.last.stamp),
        assignedAt: found.assigned.map { Timestamp(nanoseconds: $0) },
        sync: origin.sync,
        runID: origin.run,
        runOpenedAt: Timestamp(nanoseconds: origin.opened)
      )
    }
  }
}
