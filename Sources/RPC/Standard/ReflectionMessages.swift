import Wire

/// `ServerReflectionRequest` of `Protos/grpc/reflection`, v1 and v1alpha alike.
struct ReflectionRequest: WireMessage {
  enum Question {
    case fileByFilename(String)
    case fileContainingSymbol(String)
    /// The message that is extended; its extension's number does not help who has none.
    case fileContainingExtension(String)
    case allExtensionNumbers(String)
    case listServices
  }

  var host = ""
  /// The last one wins, as in every oneof.
  var question: Question?
  /// As it came: it travels back with the answer.
  private var bytes: [UInt8] = []

  init() {}

  init(wireBytes: [UInt8]) throws(WireError) {
    self.init()
    let result = wireBytes.withUnsafeBytes { bytes -> Result<ReflectionRequest, WireError> in
      do throws(WireError) {
        var message = ReflectionRequest()
        var reader = WireReader(bytes)
        try message.merge(from: &reader)
        return .success(message)
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
    bytes = wireBytes
  }

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): host = try reader.string()
      case (3, .lengthDelimited): question = .fileByFilename(try reader.string())
      case (4, .lengthDelimited): question = .fileContainingSymbol(try reader.string())
      case (5, .lengthDelimited):
        question = .fileContainingExtension(try reader.message(ExtensionRequest.self).type)
      case (6, .lengthDelimited): question = .allExtensionNumbers(try reader.string())
      case (7, .lengthDelimited):
        _ = try reader.string()
        question = .listServices
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) { writer.raw(bytes) }
}

private struct ExtensionRequest: WireMessage {
  var type = ""

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): self.type = try reader.string()
      default: try reader.skip(number, type)
      }
    }
  }

  func encode(into writer: inout WireWriter) { writer.string(1, type) }
}

/// `ServerReflectionResponse` of `Protos/grpc/reflection`, which is only ever sent.
struct ReflectionResponse: WireMessage {
  enum Answer {
    case files([[UInt8]])
    /// Without numbers: nothing here has extensions.
    case extensionNumbers(String)
    case services([String])
    case failure(RPCCode, String)
  }

  var request = ReflectionRequest()
  var answer = Answer.services([])

  mutating func merge(from reader: inout WireReader) throws(WireError) {
    while let (number, type) = try reader.nextTag() { try reader.skip(number, type) }
  }

  func encode(into writer: inout WireWriter) {
    writer.string(1, request.host)
    writer.message(2, request)
    switch answer {
    case .files(let files):
      writer.delimited(4) { writer in
        for file in files { file.withUnsafeBytes { writer.always(1, $0) } }
      }
    case .extensionNumbers(let type): writer.delimited(5) { $0.string(1, type) }
    case .services(let names):
      writer.delimited(6) { writer in
        for name in names { writer.delimited(1) { $0.string(1, name) } }
      }
    case .failure(let code, let message):
      writer.delimited(7) {
        $0.int32(1, Int32(code.rawValue))
        $0.string(2, message)
      }
    }
  }
}
