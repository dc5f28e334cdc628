import SQLDatabase
import SyncModel

/// A source as it is kept.
struct StoredSource: Sendable, Equatable {
  var workspace: String
  var name: String
  var type: String
  /// As the user gave them: the driver's defaults are filled in when they are used.
  var settings: [String: String]
  /// Empty where the driver needs none.
  var credential: String
  var createdAt = Timestamp(nanoseconds: 0)
  var updatedAt = Timestamp(nanoseconds: 0)

  /// What the user decides, without what the orchestrator adds.
  func saysTheSame(as other: StoredSource) -> Bool {
    type == other.type && settings == other.settings && credential == other.credential
  }
}

extension SQLConnection {
  func source(workspace: String, name: String) throws -> StoredSource? {
    let found = try first(
      """
      SELECT type, credential, created_at, updated_at FROM sources
      WHERE workspace = ?1 AND name = ?2
      """,
      [.text(workspace), .text(name)]
    ) { row in
      StoredSource(
        workspace: workspace,
        name: name,
        type: row.string(0),
        settings: [:],
        credential: row.string(1),
        createdAt: Timestamp(nanoseconds: row.int64(2)),
        updatedAt: Timestamp(nanoseconds: row.int64(3))
      )
    }
    guard var source = found else { return nil }
    try query(
      "SELECT name, value FROM source_settings WHERE workspace = ?1 AND source = ?2",
      [.text(workspace), .text(name)]
    ) { row in source.settings[row.string(0)] = row.string(1) }
    return source
  }

  /// The source that every caller needs to exist.
  /// - Throws: `Failure` `source_not_found`.
  func existingSource(workspace: String, name: String) throws -> StoredSource {
    guard let source = try source(workspace: workspace, name: name) else {
      throw Failure(
        "source_not_found",
        "there is no source \"\(name)\" in workspace \"\(workspace)\"; `sluice source list` shows those there are",
        recovery: .needsOperator
      )
    }
    return source
  }

  /// The sources whose names come after `name`, in order: a page of a listing.
  func sources(workspace: String, after name: String, limit: Int) throws -> [StoredSource] {
    let names = try rows(
      "SELECT name FROM sources WHERE workspace = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
      [.text(workspace), .text(name), .integer(Int64(limit))]
    ) { $0.string(0) }
    return try names.compactMap { try source(workspace: workspace, name: $0) }
  }

  func insert(_ source: StoredSource) throws {
    try execute(
      """
      INSERT INTO sources (workspace, name, type, credential, created_at, updated_at)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6)
      """,
      [
        .text(source.workspace), .text(source.name), .text(source.type), .text(source.credential),
        .integer(source.createdAt.nanoseconds), .integer(source.updatedAt.nanoseconds),
      ]
    )
    try insertSettings(source)
  }

  func update(_ source: StoredSource) throws {
    try execute(
      """
      UPDATE sources SET type = ?3, credential = ?4, updated_at = ?5
      WHERE workspace = ?1 AND name = ?2
      """,
      [
        .text(source.workspace), .text(source.name), .text(source.type), .text(source.credential),
        .integer(source.updatedAt.nanoseconds),
      ]
    )
    try execute(
      "DELETE FROM source_settings WHERE workspace = ?1 AND source = ?2",
      [.text(source.workspace), .text(source.name)]
    )
    try insertSettings(source)
  }

  private func insertSettings(_ source: StoredSource) throws {
    for (name, value) in source.settings {
      try execute(
        "INSERT INTO source_settings (workspace, source, name, value) VALUES (?1, ?2, ?3, ?4)",
        [.text(source.workspace), .text(source.name), .text(name), .text(value)]
      )
    }
  }
}
