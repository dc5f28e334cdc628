import Wire

/// `grpc.testing.Empty`.
struct Empty: WireMessage, Equatable {
  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() { try reader.skip(number, type) }
  }

  func encode(into writer: inout WireWriter) {}
}

/// `grpc.testing.BoolValue`.
struct BoolValue: WireMessage, Equatable {
  var value = false

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): value = try reader.bool()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) { writer.bool(1, value) }
}

/// `grpc.testing.Payload`; its type has one value only, COMPRESSABLE = 0.
struct Payload: WireMessage, Equatable {
  var body: [UInt8] = []

  init() {}
  init(zeros count: Int) { body = [UInt8](repeating: 0, count: count) }

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (2, .lengthDelimited): body = try reader.byteArray()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) { writer.byteArray(2, body) }
}

/// `grpc.testing.EchoStatus`: the status that a call is to end with.
struct EchoStatus: WireMessage, Equatable {
  var code: Int32 = 0
  var message = ""

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): code = try reader.int32()
      case (2, .lengthDelimited): message = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.int32(1, code)
    writer.string(2, message)
  }
}

/// `grpc.testing.ResponseParameters`: one message of a streamed response.
struct ResponseParameters: WireMessage, Equatable {
  var size: Int32 = 0
  var intervalUs: Int32 = 0
  var compressed: BoolValue?

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): size = try reader.int32()
      case (2, .varint): intervalUs = try reader.int32()
      case (3, .lengthDelimited): try reader.message(into: &compressed)
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.int32(1, size)
    writer.int32(2, intervalUs)
    writer.message(3, compressed)
  }
}
