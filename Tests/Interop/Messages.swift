import Wire

/// `grpc.testing.SimpleRequest`, without the fields for signing in.
struct SimpleRequest: WireMessage, Equatable {
  var responseSize: Int32 = 0
  var payload: Payload?
  var responseCompressed: BoolValue?
  var responseStatus: EchoStatus?
  var expectCompressed: BoolValue?

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (2, .varint): responseSize = try reader.int32()
      case (3, .lengthDelimited): try reader.message(into: &payload)
      case (6, .lengthDelimited): try reader.message(into: &responseCompressed)
      case (7, .lengthDelimited): try reader.message(into: &responseStatus)
      case (8, .lengthDelimited): try reader.message(into: &expectCompressed)
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.int32(2, responseSize)
    writer.message(3, payload)
    writer.message(6, responseCompressed)
    writer.message(7, responseStatus)
    writer.message(8, expectCompressed)
  }
}

/// `grpc.testing.SimpleResponse` and `grpc.testing.StreamingOutputCallResponse`, which are alike.
struct PayloadResponse: WireMessage, Equatable {
  var payload: Payload?

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &payload)
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) { writer.message(1, payload) }
}

/// `grpc.testing.StreamingInputCallRequest`.
struct StreamingInputCallRequest: WireMessage, Equatable {
  var payload: Payload?
  var expectCompressed: BoolValue?

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): try reader.message(into: &payload)
      case (2, .lengthDelimited): try reader.message(into: &expectCompressed)
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.message(1, payload)
    writer.message(2, expectCompressed)
  }
}

/// `grpc.testing.StreamingInputCallResponse`.
struct StreamingInputCallResponse: WireMessage, Equatable {
  var aggregatedPayloadSize: Int32 = 0

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .varint): aggregatedPayloadSize = try reader.int32()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) { writer.int32(1, aggregatedPayloadSize) }
}

/// `grpc.testing.StreamingOutputCallRequest`.
struct StreamingOutputCallRequest: WireMessage, Equatable {
  var responseParameters: [ResponseParameters] = []
  var payload: Payload?
  var responseStatus: EchoStatus?

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (2, .lengthDelimited): responseParameters.append(try reader.message())
      case (3, .lengthDelimited): try reader.message(into: &payload)
      case (7, .lengthDelimited): try reader.message(into: &responseStatus)
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) {
    writer.messages(2, responseParameters)
    writer.message(3, payload)
    writer.message(7, responseStatus)
  }
}
