/// What became of one row. A value, never thrown.
public enum RowOutcome: Sendable, Equatable {
  /// It changed a profile, or added an event or a purchase, or deleted a profile.
  case applied
  /// It was read for the first time and said what the profile already held.
  case unchanged
  /// The ledger knew this version of the row from an earlier run (design, decision 2).
  case alreadyApplied
  /// Every attribute in it has a newer value already (decision 5).
  case superseded
  /// The sync updates existing users only, and this user does not exist (R58, R59); or its event's or
  /// product's name is blocked (R92).
  case skipped
  case rejected(RowIssue)
}

/// Why a row was rejected, or what a user should know of a row that was applied all the same.
public struct RowIssue: Sendable, Equatable {
  /// Stable and machine readable, e.g. `payload_not_object`.
  public var code: String
  /// A sentence for the user: what was wrong and what to do.
  public var message: String

  public init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }
}

extension RowOutcome {
  /// As counts are named in every output.
  public var name: String {
    switch self {
    case .applied: "applied"
    case .unchanged: "unchanged"
    case .alreadyApplied: "already_applied"
    case .superseded: "superseded"
    case .skipped: "skipped"
    case .rejected: "rejected"
    }
  }
}

/// How many rows met each outcome. `total` is what decision 6 compares with the rows read.
public struct RowCounts: Sendable, Equatable {
  public var applied: Int64 = 0
  public var unchanged: Int64 = 0
  public var alreadyApplied: Int64 = 0
  public var superseded: Int64 = 0
  public var skipped: Int64 = 0
  public var rejected: Int64 = 0

  public init() {}

  public var total: Int64 {
    applied + unchanged + alreadyApplied + superseded + skipped + rejected
  }

  public mutating func count(_ outcome: RowOutcome) {
    switch outcome {
    case .applied: applied += 1
    case .unchanged: unchanged += 1
    case .alreadyApplied: alreadyApplied += 1
    case .superseded: superseded += 1
    case .skipped: skipped += 1
    case .rejected: rejected += 1
    }
  }

  public static func += (a: inout RowCounts, b: RowCounts) {
    a.applied += b.applied
    a.unchanged += b.unchanged
    a.alreadyApplied += b.alreadyApplied
    a.superseded += b.superseded
    a.skipped += b.skipped
    a.rejected += b.rejected
  }
}
