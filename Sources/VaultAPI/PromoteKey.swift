public import Wire

/// `sluice.vault.v1.PromoteKeyRequest`.
public struct PromoteKeyRequest: WireMessage, Equatable {
  public var workspace = ""
  public var name = ""
  /// Stands for a login where none was made: the fingerprint that the warehouse shows for the next
  /// key.
  public var fingerprint = ""
  /// How long the key before it can still sign, in seconds; 0 means a day.
  public var graceSeconds: Int64 = 0

  public init() {}

  public init(
    workspace: String = "",
    name: String = "",
    fingerprint: String = "",
    graceSeconds: Int64 = 0
  ) {
    self.workspace = workspace
    self.name = name
    self.fingerprint = fingerprint
    self.graceSeconds = graceSeconds
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): name = try reader.string()
      case (3, .lengthDelimited): fingerprint = try reader.string()
      case (4, .varint): graceSeconds = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, name)
    writer.string(3, fingerprint)
    writer.int64(4, graceSeconds)
  }
}
