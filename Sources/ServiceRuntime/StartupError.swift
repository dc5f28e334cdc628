/// Why a process cannot start, as one sentence for whoever starts it.
public struct StartupError: Error, Sendable, Equatable {
  public enum Kind: Int32, Sendable {
    /// The configuration is right but the machine does not allow it: a port in use, a file missing.
    case environment = 1
    /// A setting or flag is missing or wrong.
    case usage = 2
  }

  /// What is wrong, where, and what to do. Never a secret.
  public var message: String
  public var kind: Kind

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The process's exit code.
  public var exitCode: Int32 { kind.rawValue }
}

extension StartupError: CustomStringConvertible {
  public var description: String { message }
}
