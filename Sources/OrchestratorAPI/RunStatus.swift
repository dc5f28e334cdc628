public import SyncModel
public import Wire

/// `sluice.orchestrator.v1.RunStatus`.
public enum RunStatus: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  case running = 1
  case success = 2
  case partial = 3
  case error = 4
  case configError = 5
  case limitExceeded = 6
  case cancelled = 7
}

extension RunStatus {
  public init(_ model: SyncModel.RunStatus) {
    switch model {
    case .running: self = .running
    case .success: self = .success
    case .partial: self = .partial
    case .error: self = .error
    case .configError: self = .configError
    case .limitExceeded: self = .limitExceeded
    case .cancelled: self = .cancelled
    }
  }

  /// nil for `unspecified`, which is also what a number from a newer peer reads as.
  public var model: SyncModel.RunStatus? {
    switch self {
    case .unspecified: nil
    case .running: .running
    case .success: .success
    case .partial: .partial
    case .error: .error
    case .configError: .configError
    case .limitExceeded: .limitExceeded
    case .cancelled: .cancelled
    }
  }
}
