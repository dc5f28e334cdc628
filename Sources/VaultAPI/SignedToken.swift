public import Wire

/// `sluice.vault.v1.SignedToken`. Its description leaves secrets out.
public struct SignedToken: WireMessage, Equatable {
  public var token = ""
  public var issuedAt: Int64 = 0
  public var expiresAt: Int64 = 0
  /// The key that signed.
  public var version: UInt32 = 0
  /// Other keys that can sign: to be tried once when the login fails.
  public var otherVersions: [UInt32] = []
  /// service_account: where the assertion is exchanged.
  public var tokenUri = ""
  /// service_account: the project that the key file names.
  public var projectId = ""

  public init() {}

  public init(
    token: String = "",
    issuedAt: Int64 = 0,
    expiresAt: Int64 = 0,
    version: UInt32 = 0,
    otherVersions: [UInt32] = [],
    tokenUri: String = "",
    projectId: String = ""
  ) {
    self.token = token
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
    self.version = version
    self.otherVersions = otherVersions
    self.tokenUri = tokenUri
    self.projectId = projectId
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): token = try reader.string()
      case (2, .varint): issuedAt = try reader.int64()
      case (3, .varint): expiresAt = try reader.int64()
      case (4, .varint): version = try reader.uint32()
      case (5, .varint), (5, .lengthDelimited):
        try reader.elements(UInt32Coding.self, type, into: &otherVersions)
      case (6, .lengthDelimited): tokenUri = try reader.string()
      case (7, .lengthDelimited): projectId = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, token)
    writer.int64(2, issuedAt)
    writer.int64(3, expiresAt)
    writer.uint32(4, version)
    writer.packed(5, UInt32Coding.self, otherVersions)
    writer.string(6, tokenUri)
    writer.string(7, projectId)
  }
}

extension SignedToken: UnprintedMessage {
  public var description: String { "SignedToken(version \(version))" }
}
