public import Wire

/// `sluice.orchestrator.v1.Column`.
public struct Column: WireMessage, Equatable {
  public var name = ""
  public var type = ""

  public init() {}

  public init(name: String = "", type: String = "") {
    self.name = name
    self.type = type
  }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): name = try reader.string()
      case (2, .lengthDelimited): self.type = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, name)
    writer.string(2, type)
  }
}

/// `sluice.orchestrator.v1.PreviewValue`.
public struct PreviewValue: WireMessage, Equatable {
  /// nil is NULL. Long values are cut.
  public var text: String?

  public init() {}

  public init(text: String?) { self.text = text }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): text = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.optionalString(1, text)
  }
}

/// `sluice.orchestrator.v1.PreviewRow`.
public struct PreviewRow: WireMessage, Equatable {
  public var values: [PreviewValue] = []

  public init() {}

  public init(values: [PreviewValue]) { self.values = values }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): values.append(try reader.message())
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.messages(1, values)
  }
}
