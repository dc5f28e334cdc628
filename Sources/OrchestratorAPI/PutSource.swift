public import Wire

/// `sluice.orchestrator.v1.PutSourceRequest`.
public struct PutSourceRequest: WireMessage, Equatable {
  public var source: Source?

  public init() {}

  public init(source: Source?) { self.source = source }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &source)
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, source)
  }
}

/// `sluice.orchestrator.v1.PutSourceResponse`.
public struct PutSourceResponse: WireMessage, Equatable {
  public var source: Source?
  public var change = Change.unspecified

  public init() {}

  public init(source: Source? = nil, change: Change = .unspecified) {
    self.source = source
    self.change = change
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &source)
      case (2, .varint): change = try reader.enumeration()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.message(1, source)
    writer.enumeration(2, change)
  }
}
