public import Wire

/// `sluice.writer.v1.MovePositionRequest`.
public struct MovePositionRequest: WireMessage, Equatable {
  /// Who moves it: an epoch above that of every run before, and as run id an id of the move's own.
  public var opening: OpenSyncRequest?
  /// The next run reads rows with `updated_at >= position`; nil: all rows. Nanoseconds since 1970 UTC.
  public var position: Int64?
  /// Only answers what it would do.
  public var dryRun = false

  public init() {}

  public init(opening: OpenSyncRequest? = nil, position: Int64? = nil, dryRun: Bool = false) {
    self.opening = opening
    self.position = position
    self.dryRun = dryRun
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &opening)
      case (2, .varint): position = try reader.int64()
      case (3, .varint): dryRun = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, opening)
    writer.optionalInt64(2, position)
    writer.bool(3, dryRun)
  }
}

/// `sluice.writer.v1.MovePositionResponse`.
public struct MovePositionResponse: WireMessage, Equatable {
  /// Where the position was; nil before the first row. Nanoseconds since 1970 UTC.
  public var previous: Int64?
  /// Applied rows from here on are recognised when they are read again; older ones are forgotten. nil:
  /// none is forgotten.
  public var knownFrom: Int64?

  public init() {}

  public init(previous: Int64? = nil, knownFrom: Int64? = nil) {
    self.previous = previous
    self.knownFrom = knownFrom
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): previous = try reader.int64()
      case (2, .varint): knownFrom = try reader.int64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.optionalInt64(1, previous)
    writer.optionalInt64(2, knownFrom)
  }
}
