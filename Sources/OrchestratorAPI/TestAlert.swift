public import Wire

/// `sluice.orchestrator.v1.TestAlertRequest`.
public struct TestAlertRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""

  public init() {}

  public init(workspace: String = "", sync: String = "") {
    self.workspace = workspace
    self.sync = sync
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
  }
}

/// `sluice.orchestrator.v1.TestAlertResponse`.
public struct TestAlertResponse: WireMessage, Equatable {
  /// Whom the mail went to.
  public var contacts: [String] = []
  /// A webhook is configured, and took it.
  public var webhook = false

  public init() {}

  public init(contacts: [String], webhook: Bool = false) {
    self.contacts = contacts
    self.webhook = webhook
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): contacts.append(try reader.string())
      case (2, .varint): webhook = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.strings(1, contacts)
    writer.bool(2, webhook)
  }
}
