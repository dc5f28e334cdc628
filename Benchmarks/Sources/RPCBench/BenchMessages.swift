public import Wire

// The messages and methods of rpc/bench.proto.

/// `bench.v1.Blob`.
public struct Blob: WireMessage, Equatable {
  public var body: [UInt8] = []

  public init() {}
  public init(body: [UInt8]) { self.body = body }

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): body = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) { writer.byteArray(1, body) }
}

/// `bench.v1.DownRequest`.
public struct DownRequest: WireMessage, Equatable {
  public var count: UInt64 = 0
  public var size: UInt64 = 0

  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): count = try reader.uint64()
      case (2, .varint): size = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, count)
    writer.uint64(2, size)
  }
}

/// `bench.v1.UpResponse`.
public struct UpResponse: WireMessage, Equatable {
  public var count: UInt64 = 0
  public var bytes: UInt64 = 0

  public init() {}

  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): count = try reader.uint64()
      case (2, .varint): bytes = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.uint64(1, count)
    writer.uint64(2, bytes)
  }
}
