/// What the caller of a failed step should do next. Schedulers switch on this alone.
public enum Recovery: String, Sendable, CaseIterable {
  /// The same call may succeed if it is made again (after a back-off).
  case retry
  /// The connection is gone; make a new one and call again.
  case reconnect
  /// This row is wrong; log it and go on with the next.
  case skipRow
  /// This run cannot go on; the next one may.
  case failRun
  /// Nothing will work until a person changes something: a setting, a grant, a table.
  case needsOperator
}

/// An error that reaches a user: a stable code, a sentence, and what to do about it.
public struct Failure: Error, Sendable {
  /// Stable and machine readable, lower case with underscores, e.g. `table_not_found`.
  public var code: String
  /// What was wrong, where, and what to do. Safe for a mail or a terminal: it never holds a secret
  /// or a row's payload.
  public var message: String
  public var recovery: Recovery
  /// The native code and text of the library or server behind it, for operators' logs only.
  public var cause: String?

  public init(_ code: String, _ message: String, recovery: Recovery, cause: String? = nil) {
    self.code = code
    self.message = message
    self.recovery = recovery
    self.cause = cause
  }
}

extension Failure: Equatable {
  /// The cause is for reading, not for comparing.
  public static func == (a: Failure, b: Failure) -> Bool {
    a.code == b.code && a.message == b.message && a.recovery == b.recovery
  }
}

extension Failure: CustomStringConvertible {
  public var description: String { "\(code): \(message)" }
}
