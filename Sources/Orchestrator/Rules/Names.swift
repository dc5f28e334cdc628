import RPC
import SyncModel

/// What a user wrote cannot be accepted as it stands.
func invalid(_ code: String, _ message: String) -> RPCError {
  RPCError(.invalidArgument, message, reason: code)
}

/// Shortens what a user wrote for quoting it back.
func quoted(_ text: String) -> String {
  let shown = text.prefix(60)
  return shown.count < text.count ? "\"\(shown)…\"" : "\"\(shown)\""
}

/// Names of workspaces, sources, syncs and credentials.
enum Name {
  static let maximumLength = 128
  static let defaultWorkspace = "default"

  static func isValid(_ name: String) -> Bool {
    (1...maximumLength).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// - Parameter field: what is named, as the message should say it, e.g. `the sync's name`.
  static func validated(_ name: String, field: String) throws(RPCError) -> String {
    if isValid(name) { return name }
    if name.isEmpty { throw invalid("invalid_name", "\(field) is missing") }
    throw invalid(
      "invalid_name",
      "\(field) must be 1 to \(maximumLength) of the characters A-Z a-z 0-9 . _ -, not \(quoted(name))"
    )
  }

  /// Nothing means the default workspace.
  static func workspace(_ name: String) throws(RPCError) -> String {
    name.isEmpty ? defaultWorkspace : try validated(name, field: "the workspace")
  }
}
