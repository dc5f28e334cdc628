public import SyncModel

/// What a source's settings may hold.
public struct SettingsSchema: Sendable {
  public struct Field: Sendable {
    public enum Kind: Sendable, Equatable {
      case text
      /// 1 to 65535.
      case port
      case choice([String])
      /// A path of a file on the orchestrator's machine.
      case path
      /// The name of a further credential, of one of these types.
      case credential([CredentialType])
    }
    public var name: String
    public var kind: Kind
    public var isRequired: Bool
    public var defaultValue: String?
    /// One sentence for help.
    public var help: String

    public init(
      _ name: String,
      _ kind: Kind,
      isRequired: Bool = false,
      defaultValue: String? = nil,
      help: String
    ) {
      self.name = name
      self.kind = kind
      self.isRequired = isRequired
      self.defaultValue = defaultValue
      self.help = help
    }
  }

  public var fields: [Field]

  /// The settings that name further credentials, with the types that each may have.
  public var credentialFields: [(name: String, types: [CredentialType])] {
    fields.compactMap { field in
      guard case .credential(let types) = field.kind else { return nil }
      return (field.name, types)
    }
  }

  public init(_ fields: [Field]) { self.fields = fields }

  /// Checks settings against the schema and fills in the defaults.
  /// - Throws: `Failure` `invalid_settings`, naming the setting, what is wrong and what is allowed.
  public func validated(_ settings: [String: String], type: String) throws(Failure) -> [String:
    String]
  {
    func invalid(_ message: String) -> Failure {
      Failure("invalid_settings", message, recovery: .needsOperator)
    }
    var result: [String: String] = [:]
    for name in settings.keys.sorted() where !fields.contains(where: { $0.name == name }) {
      let known = fields.map(\.name).joined(separator: ", ")
      throw invalid("a \(type) source has no setting \"\(name)\"; it has: \(known)")
    }
    for field in fields {
      guard let value = settings[field.name] ?? field.defaultValue, !value.isEmpty else {
        if field.isRequired {
          throw invalid("a \(type) source needs the setting \"\(field.name)\": \(field.help)")
        }
        continue
      }
      switch field.kind {
      case .text, .path, .credential: break
      case .port:
        guard let port = Int(value), (1...65535).contains(port) else {
          throw invalid(
            "setting \"\(field.name)\" must be a port from 1 to 65535, not \"\(value)\""
          )
        }
      case .choice(let choices):
        guard choices.contains(value) else {
          throw invalid(
            "setting \"\(field.name)\" must be one of \(choices.joined(separator: ", ")), not \"\(value)\""
          )
        }
      }
      result[field.name] = value
    }
    return result
  }
}

/// The drivers that a process links, by type.
public struct WarehouseRegistry: Sendable {
  private let drivers: [String: any WarehouseDriver]

  public init(_ drivers: [any WarehouseDriver]) {
    self.drivers = Dictionary(uniqueKeysWithValues: drivers.map { ($0.type, $0) })
  }

  public var types: [String] { drivers.keys.sorted() }

  /// - Throws: `Failure` `unknown_source_type`, naming the types there are.
  public func driver(_ type: String) throws(Failure) -> any WarehouseDriver {
    guard let driver = drivers[type] else {
      throw Failure(
        "unknown_source_type",
        "there is no source type \"\(type)\"; this build has: \(types.joined(separator: ", "))",
        recovery: .needsOperator
      )
    }
    return driver
  }
}
