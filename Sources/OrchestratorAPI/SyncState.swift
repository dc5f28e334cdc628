public import Wire

/// `sluice.orchestrator.v1.SyncState`.
public enum SyncState: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  case draft = 1
  case active = 2
  case paused = 3
}

extension SyncState {
  /// The name that users read; nil for `unspecified`.
  public var name: String? {
    switch self {
    case .unspecified: nil
    case .draft: "draft"
    case .active: "active"
    case .paused: "paused"
    }
  }
}
