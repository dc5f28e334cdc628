public import SyncModel

/// What a driver has to know to write down how its warehouse is set up, beside the source's settings.
public struct SetupSubject: Sendable, Equatable {
  /// Of the credential.
  public var username: String
  /// The key's public half as PEM; empty where the credential is none.
  public var publicKey: String
  /// Which of a user's two places for keys it goes to: 1 or 2.
  public var keySlot: UInt32
  /// As an operator writes it; empty for a name that the driver proposes.
  public var table: String
  public var data: DataType
  /// The addresses that this installation connects from; empty where they are not known.
  public var addresses: [String]

  public init(
    username: String,
    publicKey: String = "",
    keySlot: UInt32 = 1,
    table: String = "",
    data: DataType = .attributes,
    addresses: [String] = []
  ) {
    self.username = username
    self.publicKey = publicKey
    self.keySlot = keySlot
    self.table = table
    self.data = data
    self.addresses = addresses
  }
}

/// A step of setting a warehouse up: statements to be pasted there, each ended by `;` and a line break.
public struct SetupStep: Sendable, Equatable {
  public var title: String
  public var statements: String

  public init(_ title: String, _ statements: String) {
    self.title = title
    self.statements = statements
  }
}

extension WarehouseDriver {
  /// The steps from nothing to a source that can be read, filled in. Pasted twice, they destroy
  /// nothing.
  /// - Throws: `Failure` `setup_not_described`, `invalid_settings`, `invalid_table_name`.
  public func setup(settings: [String: String], subject: SetupSubject) throws(Failure)
    -> [SetupStep]
  {
    guard let driver = self as? any WarehouseSetup else {
      throw Failure(
        "setup_not_described",
        "a \(type) source needs no setting up that could be written down",
        recovery: .needsOperator
      )
    }
    return try driver.setupSteps(settings: settings, subject: subject)
  }
}

/// A driver that can write down how its warehouse is set up.
public protocol WarehouseSetup: WarehouseDriver {
  /// See `setup(settings:subject:)`.
  func setupSteps(settings: [String: String], subject: SetupSubject) throws(Failure)
    -> [SetupStep]
}
