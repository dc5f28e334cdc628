/// A service binary's command line: settings as flags, and the few things it does besides serving.
public struct ServiceArguments: Sendable, Equatable {
  public enum Action: Sendable, Equatable {
    case serve
    /// Calls the running service's health RPC; exit code 0 when it serves.
    case healthcheck
    case version
    case help
  }

  public var action = Action.serve
  /// By the name of the environment variable.
  public var flags: [String: String] = [:]
  /// A descriptor whose end of file means that the parent is gone.
  public var parentDescriptor: Int32?

  public static let parentFlag = "--exit-with-parent"

  /// `SLUICE_LOG_LEVEL` is `--log-level`.
  public static func flag(for setting: String) -> String {
    let name = setting.hasPrefix("SLUICE_") ? String(setting.dropFirst(7)) : setting
    return "--" + name.lowercased().split(separator: "_").joined(separator: "-")
  }

  /// - Parameter settings: the environment variables that may be given as flags.
  public init(_ arguments: [String], settings: [String]) throws(StartupError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--healthcheck": action = .healthcheck
      case "--version": action = .version
      case "--help", "-h": action = .help
      default:
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let setting = settings.first { Self.flag(for: $0) == name }
        guard setting != nil || name == Self.parentFlag else {
          throw StartupError(.usage, "unknown argument \"\(argument)\"; --help lists what there is")
        }
        guard let value = parts.count > 1 ? String(parts[1]) : rest.popFirst() else {
          throw StartupError(.usage, "\(name) needs a value")
        }
        if let setting {
          flags[setting] = value
        } else {
          guard let descriptor = Int32(value), descriptor >= 0 else {
            throw StartupError(.usage, "\(name) needs the number of an open descriptor")
          }
          parentDescriptor = descriptor
        }
      }
    }
  }
}
