public import Wire

/// `sluice.vault.v1.CredentialKind`.
public enum CredentialKind: Int32, WireEnum, CaseIterable {
  case unspecified = 0
  case password = 1
  case keyPair = 2
}

extension CredentialKind {
  /// The name that users write (`type: key_pair`); nil for `unspecified`.
  public var name: String? {
    switch self {
    case .unspecified: nil
    case .password: "password"
    case .keyPair: "key_pair"
    }
  }

  public init?(name: String) {
    guard let kind = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = kind
  }
}
