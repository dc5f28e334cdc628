public import Wire

/// `sluice.vault.v1.SignSSHUserAuthRequest`.
public struct SignSSHUserAuthRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// What the client wants signed: session id and the request of RFC 4252, section 7.
  public var data: [UInt8] = []
  public var purpose = ""
  public var runId = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    data: [UInt8] = [],
    purpose: String = "",
    runId: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.data = data
    self.purpose = purpose
    self.runId = runId
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): data = try reader.byteArray()
      case (4, .lengthDelimited): purpose = try reader.string()
      case (5, .lengthDelimited): runId = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.byteArray(3, data)
    writer.string(4, purpose)
    writer.string(5, runId)
  }
}

/// `sluice.vault.v1.SSHSignature`. Its description leaves secrets out.
public struct SSHSignature: WireMessage, Equatable {
  /// As the protocol sends it: the algorithm's name, then the signature.
  public var signature: [UInt8] = []
  public var version: UInt32 = 0

  public init() {}

  public init(
    signature: [UInt8] = [],
    version: UInt32 = 0
  ) {
    self.signature = signature
    self.version = version
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): signature = try reader.byteArray()
      case (2, .varint): version = try reader.uint32()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.byteArray(1, signature)
    writer.uint32(2, version)
  }
}

extension SSHSignature: UnprintedMessage {
  public var description: String { "SSHSignature(version \(version))" }
}
