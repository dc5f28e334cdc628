import Logging
import RPC
import SQLDatabase
import SyncModel
import Synchronization

/// Remembers the highest generation of the vault's database that was ever seen, and refuses an answer
/// of a lower one: somebody put an older copy back, with keys and passwords that were replaced since.
///
/// The vault cannot notice that itself: an older copy is consistent in itself (threat model, T2).
final class VaultWatch: Sendable {
  private let database: any SQLDatabase
  private let logger: Logger
  /// The highest generation seen, by vault.
  private let seen: Mutex<[String: Int64]>

  static func open(_ database: any SQLDatabase, logger: Logger) async throws -> VaultWatch {
    let rows = try await database.read { connection in
      try connection.rows("SELECT vault_id, generation FROM vault_generations") {
        ($0.string(0), $0.int64(1))
      }
    }
    return VaultWatch(database, logger, Dictionary(rows) { max($0, $1) })
  }

  private init(_ database: any SQLDatabase, _ logger: Logger, _ seen: [String: Int64]) {
    self.database = database
    self.logger = logger
    self.seen = Mutex(seen)
  }

  /// Makes one call of the vault.
  /// - Throws: what the call throws; `Failure` `vault_rolled_back`.
  func calling<Result>(
    _ options: CallOptions,
    _ call: (CallOptions) async throws -> Result
  ) async throws -> Result {
    // Answers may overtake each other: one that began later knows at least what was seen by then.
    let before = seen.withLock { $0 }
    let response = ResponseMetadata()
    var options = options
    options.response = response
    let result = try await call(options)
    try await check(response.trailing, since: before)
    return result
  }

  private func check(_ metadata: Metadata, since before: [String: Int64]) async throws {
    guard let id = metadata.first("sluice-vault-id"),
      let generation = metadata.first("sluice-vault-generation").flatMap({ Int64($0) })
    else { return }
    if let known = before[id], generation < known {
      logger.critical(
        "the vault's database is an older copy",
        metadata: ["vault.id": "\(id)", "generation": "\(generation)", "seen": "\(known)"]
      )
      throw Failure(
        "vault_rolled_back",
        "the vault's database is an older copy than the one that was seen before (generation "
          + "\(generation) after \(known)); find out who put it there, and restore a backup into an "
          + "empty vault: sluice vault restore",
        recovery: .needsOperator
      )
    }
    let isNew = seen.withLock { seen in
      guard generation > seen[id] ?? -1 else { return false }
      seen[id] = generation
      return true
    }
    guard isNew else { return }
    do {
      _ = try await database.transaction { connection in
        try connection.execute(
          """
          INSERT INTO vault_generations (vault_id, generation) VALUES (?1, ?2)
          ON CONFLICT (vault_id) DO UPDATE SET generation = excluded.generation
          WHERE excluded.generation > vault_generations.generation
          """,
          [.text(id), .integer(generation)]
        )
      }
    } catch {
      // A restart would know an older one; the next call writes a newer.
      logger.warning("cannot remember the vault's generation", metadata: ["error": "\(error)"])
    }
  }
}
