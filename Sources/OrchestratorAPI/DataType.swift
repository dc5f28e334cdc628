public import SyncModel
public import Wire

/// `sluice.orchestrator.v1.DataType`.
public enum DataType: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  case attributes = 1
  case events = 2
  case purchases = 3
  case deletes = 4
}

extension DataType {
  public init(_ model: SyncModel.DataType) {
    switch model {
    case .attributes: self = .attributes
    case .events: self = .events
    case .purchases: self = .purchases
    case .deletes: self = .deletes
    }
  }

  /// nil for `unspecified`, which is also what a number from a newer peer reads as.
  public var model: SyncModel.DataType? {
    switch self {
    case .unspecified: nil
    case .attributes: .attributes
    case .events: .events
    case .purchases: .purchases
    case .deletes: .deletes
    }
  }
}
