/// How a run stands or ended (R125, R126).
public enum RunStatus: String, Sendable, CaseIterable {
  case running
  /// Every row read is accounted for and none was rejected.
  case success
  /// Every row read is accounted for and some, not all, were rejected.
  case partial
  /// The run did not complete, or every row was rejected, or the proof failed.
  case error
  /// Nothing can work until the configuration is changed.
  case configError = "config_error"
  /// More rows than the sync's limit (R20).
  case limitExceeded = "limit_exceeded"
  case cancelled

  public var isFinal: Bool { self != .running }
}
