public import Wire

/// `sluice.orchestrator.v1.DescribeSetupRequest`.
public struct DescribeSetupRequest: WireMessage, Equatable {
  public var workspace = ""
  /// The source that is to be set up; empty for one that is not made yet.
  public var name = ""
  /// Of a source that is not made yet.
  public var type = ""
  public var settings: [String: String] = [:]
  public var credential = ""
  /// The table to be made; empty for a name that is proposed.
  public var table = ""
  /// Unspecified means attributes.
  public var data = DataType.unspecified
  /// Where this installation connects from, for a network policy.
  public var addresses: [String] = []

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    type: String = "",
    settings: [String: String] = [:],
    credential: String = "",
    table: String = "",
    data: DataType = .unspecified,
    addresses: [String] = []
  ) {
    self.workspace = workspace
    self.name = name
    self.type = type
    self.settings = settings
    self.credential = credential
    self.table = table
    self.data = data
    self.addresses = addresses
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): self.type = try reader.string()
      case (4, .lengthDelimited): try reader.entry(into: &settings)
      case (5, .lengthDelimited): credential = try reader.string()
      case (6, .lengthDelimited): table = try reader.string()
      case (7, .varint): data = try reader.enumeration()
      case (8, .lengthDelimited): addresses.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, type)
    writer.map(4, settings)
    writer.string(5, credential)
    writer.string(6, table)
    writer.enumeration(7, data)
    writer.strings(8, addresses)
  }
}

/// `sluice.orchestrator.v1.SetupStep`.
public struct SetupStep: WireMessage, Equatable {
  public var title = ""
  /// To be pasted at the warehouse.
  public var statements = ""

  public init() {}

  public init(title: String = "", statements: String = "") {
    self.title = title
    self.statements = statements
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): title = try reader.string()
      case (2, .lengthDelimited): statements = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, title)
    writer.string(2, statements)
  }
}

/// `sluice.orchestrator.v1.DescribeSetupResponse`.
public struct DescribeSetupResponse: WireMessage, Equatable {
  public var type = ""
  public var steps: [SetupStep] = []

  public init() {}

  public init(type: String = "", steps: [SetupStep] = []) {
    self.type = type
    self.steps = steps
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): self.type = try reader.string()
      case (2, .lengthDelimited): steps.append(try reader.message())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, type)
    writer.messages(2, steps)
  }
}
