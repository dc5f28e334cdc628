/// Who is at the other end, as its certificate says: `urn:sluice:role:<role>:<instance>` in a URI SAN.
public struct PeerIdentity: Sendable, Hashable {
  /// `vault`, `orchestrator`, `writer`, `operator`.
  public var role: String
  public var instance: String

  public init(role: String, instance: String) {
    self.role = role
    self.instance = instance
  }

  /// nil unless the URI has exactly that shape, with non-empty parts.
  public init?(uri: String) {
    let parts = uri.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "urn", parts[1] == "sluice", parts[2] == "role",
      !parts[3].isEmpty, !parts[4].isEmpty
    else { return nil }
    self.init(role: String(parts[3]), instance: String(parts[4]))
  }

  public var uri: String { "urn:sluice:role:\(role):\(instance)" }
}
