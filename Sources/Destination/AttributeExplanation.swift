public import SyncModel

/// Which row, run and sync set an attribute last.
public struct AttributeExplanation: Sendable, Equatable {
  /// The item of a list (a subscription group's id, `app/token` of a push token); empty otherwise.
  public var item: String
  /// JSON text; nil when it was removed.
  public var value: [UInt8]?
  /// The type of a custom attribute; empty otherwise.
  public var type: String
  /// UPDATED_AT of the row that changed it last.
  public var updatedAt: Timestamp
  /// UPDATED_AT of the row that assigned it last, where operators changed it since; nil when only
  /// operators ever did.
  public var assignedAt: Timestamp?
  public var sync: String
  public var runID: String
  /// When the run opened the sync.
  public var runOpenedAt: Timestamp

  public init(
    item: String,
    value: [UInt8]?,
    type: String,
    updatedAt: Timestamp,
    assignedAt: Timestamp?,
    sync: String,
    runID: String,
    runOpenedAt: Timestamp
  ) {
    self.item = item
    self.value = value
    self.type = type
    self.updatedAt = updatedAt
    self.assignedAt = assignedAt
    self.sync = sync
    self.runID = runID
    self.runOpenedAt = runOpenedAt
  }
}
