public import Wire

/// `sluice.orchestrator.v1.GetCursorRequest`.
public struct GetCursorRequest: WireMessage, Equatable {
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

/// `sluice.orchestrator.v1.Cursor`: a sync's position.
public struct Cursor: WireMessage, Equatable {
  public var sync = ""
  /// Nanoseconds since 1970 UTC; nil before the first row.
  public var position: Int64?
  /// Nanoseconds since 1970 UTC.
  public var updatedAt: Int64 = 0
  /// When it was moved by hand, the newest first, at most 20.
  public var moves: [CursorMove] = []

  public init() {}

  public init(
    sync: String = "",
    position: Int64? = nil,
    updatedAt: Int64 = 0,
    moves: [CursorMove] = []
  ) {
    self.sync = sync
    self.position = position
    self.updatedAt = updatedAt
    self.moves = moves
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): sync = try reader.string()
      case (2, .varint): position = try reader.int64()
      case (3, .varint): updatedAt = try reader.int64()
      case (4, .lengthDelimited):
        var move = CursorMove()
        try reader.message(into: &move)
        moves.append(move)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, sync)
    writer.optionalInt64(2, position)
    writer.int64(3, updatedAt)
    writer.messages(4, moves)
  }
}
