/// What a sync's rows are. Immutable once the sync exists (R136).
public enum DataType: String, Sendable, CaseIterable {
  case attributes
  case events
  case purchases
  case deletes

  /// Deletes carry no PAYLOAD column; a source that has one fails the whole sync (R26).
  public var hasPayload: Bool { self != .deletes }
}
