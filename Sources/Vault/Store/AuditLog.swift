import RPC
import SQLDatabase
import SyncModel

/// One line of who did what with which secret.
struct AuditRecord: Sendable {
  enum Action: String, Sendable {
    case created = "put created"
    case updated = "put updated"
    case unchanged = "put unchanged"
    case released = "release"
  }

  var action: Action
  var at: Timestamp
  var peer: PeerIdentity?
  var workspace: String
  var name: String
  var version: UInt32
  var purpose = ""
  var runID = ""

  /// Appends the record in the transaction of the act itself: when it cannot be written, nothing is
  /// stored and nothing is released.
  func append(in connection: any SQLConnection) throws {
    try connection.execute(
      """
      INSERT INTO audit (at, role, instance, action, workspace, name, version, purpose, run_id)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """,
      [
        .integer(at.nanoseconds), .text(peer?.role ?? ""), .text(peer?.instance ?? ""),
        .text(action.rawValue), .text(workspace), .text(name), .integer(Int64(version)),
        .text(purpose), .text(runID),
      ]
    )
  }
}
