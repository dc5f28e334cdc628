public import Wire

/// `sluice.vault.v1.ReleaseSecretRequest`.
public struct ReleaseSecretRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// What the secret is for; both go to the vault's log. run_id is empty for a test.
  public var purpose = ""
  public var runId = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    purpose: String = "",
    runId: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.purpose = purpose
    self.runId = runId
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): purpose = try reader.string()
      case (4, .lengthDelimited): runId = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, purpose)
    writer.string(4, runId)
  }
}

/// `sluice.vault.v1.ReleasedSecret`. Its description leaves secrets out.
public struct ReleasedSecret: WireMessage, Equatable {
  public var type = CredentialKind.unspecified
  public var username = ""
  public var secret: [UInt8] = []
  public var version: UInt32 = 0

  public init() {}

  public init(
    type: CredentialKind = CredentialKind.unspecified,
    username: String = "",
    secret: [UInt8] = [],
    version: UInt32 = 0
  ) {
    self.type = type
    self.username = username
    self.secret = secret
    self.version = version
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): self.type = try reader.enumeration()
      case (2, .lengthDelimited): username = try reader.string()
      case (3, .lengthDelimited): secret = try reader.byteArray()
      case (4, .varint): version = try reader.uint32()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.enumeration(1, type)
    writer.string(2, username)
    writer.byteArray(3, secret)
    writer.uint32(4, version)
  }
}

extension ReleasedSecret: UnprintedMessage {
  public var description: String {
    "ReleasedSecret(\(type.name ?? "unspecified"), version \(version))"
  }
}
