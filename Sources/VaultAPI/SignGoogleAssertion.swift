public import Wire

/// `sluice.vault.v1.SignGoogleAssertionRequest`.
public struct SignGoogleAssertionRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// Space separated, e.g. "https://www.googleapis.com/auth/bigquery".
  public var scope = ""
  /// Empty for an assertion that the token endpoint exchanges; else the API that takes the token
  /// itself (AIP-4111), e.g. "https://bigquery.googleapis.com/"; scope is then empty.
  public var audience = ""
  public var purpose = ""
  public var runId = ""

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    scope: String = "",
    audience: String = "",
    purpose: String = "",
    runId: String = ""
  ) {
    self.workspace = workspace
    self.name = name
    self.scope = scope
    self.audience = audience
    self.purpose = purpose
    self.runId = runId
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): scope = try reader.string()
      case (4, .lengthDelimited): audience = try reader.string()
      case (5, .lengthDelimited): purpose = try reader.string()
      case (6, .lengthDelimited): runId = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, scope)
    writer.string(4, audience)
    writer.string(5, purpose)
    writer.string(6, runId)
  }
}
