public import Wire

/// `sluice.orchestrator.v1.PutSyncRequest`.
public struct PutSyncRequest: WireMessage, Equatable {
  /// `state`, `tested` and the times are not taken from here.
  public var sync: Sync?

  public init() {}

  public init(sync: Sync?) { self.sync = sync }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &sync)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, sync)
  }
}

/// `sluice.orchestrator.v1.PutSyncResponse`.
public struct PutSyncResponse: WireMessage, Equatable {
  public var sync: Sync?
  public var change = Change.unspecified
  /// What the user should know although the call succeeded.
  public var warnings: [String] = []

  public init() {}

  public init(sync: Sync? = nil, change: Change = .unspecified, warnings: [String] = []) {
    self.sync = sync
    self.change = change
    self.warnings = warnings
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &sync)
      case (2, .varint): change = try reader.enumeration()
      case (3, .lengthDelimited): warnings.append(try reader.string())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, sync)
    writer.enumeration(2, change)
    writer.strings(3, warnings)
  }
}
