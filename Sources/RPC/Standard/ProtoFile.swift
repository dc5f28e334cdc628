import Wire

/// A `.proto` file as protoc serializes it (`google.protobuf.FileDescriptorProto`), with the names
/// that it declares.
public struct ProtoFile: Sendable {
  let bytes: [UInt8]
  private(set) var name = ""
  /// The names of the files that it imports.
  private(set) var imports: [String] = []
  /// Full names.
  private(set) var services: [String] = []
  private(set) var messages: [String] = []
  /// Methods, fields, enums and their values, extensions.
  private(set) var others: [String] = []

  /// - Parameter base64: what `scripts/describe-protos` wrote. A file that cannot be read declares
  ///   nothing.
  public init(base64: StaticString) {
    let text = UnsafeBufferPointer(start: base64.utf8Start, count: base64.utf8CodeUnitCount)
    self.init(bytes: MetadataBase64.decode(text) ?? [])
  }

  init(bytes: [UInt8]) {
    self.bytes = bytes
    var package = ""
    var file = self
    let isRead = bytes.withUnsafeBytes { bytes in
      do throws(WireError) {
        // The package, which names begin with, may come behind them.
        var first = WireReader(bytes)
        while let (number, type) = try first.nextTag() {
          switch (number, type) {
          case (1, .lengthDelimited): file.name = try first.string()
          case (2, .lengthDelimited): package = try first.string()
          case (3, .lengthDelimited): file.imports.append(try first.string())
          default: try first.skip(number, type)
          }
        }
        try file.readDeclarations(bytes, package)
        return true
      } catch {
        return false
      }
    }
    if isRead {
      name = file.name
      imports = file.imports
      services = file.services
      messages = file.messages
      others = file.others
    }
  }

  /// Every name that the file declares.
  var symbols: [String] { services + messages + others }

  private mutating func readDeclarations(
    _ bytes: UnsafeRawBufferPointer,
    _ package: String
  ) throws(WireError) {
    var reader = WireReader(bytes)
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (4, .lengthDelimited): try readMessage(try reader.view(), in: package, depth: 0)
      case (5, .lengthDelimited): try readEnum(try reader.view(), in: package)
      case (6, .lengthDelimited):
        let service = try reader.view()
        let name = Self.join(package, try Self.name(of: service))
        services.append(name)
        try readNames(service, field: 2, in: name)
      case (7, .lengthDelimited):
        others.append(Self.join(package, try Self.name(of: try reader.view())))
      default: try reader.skip(number, type)
      }
    }
  }

  private mutating func readMessage(
    _ bytes: UnsafeRawBufferPointer,
    in scope: String,
    depth: Int
  ) throws(WireError) {
    guard depth < WireReader.maximumDepth else { return }
    let name = Self.join(scope, try Self.name(of: bytes))
    messages.append(name)
    // Fields, extensions and oneofs.
    for field: UInt32 in [2, 6, 8] { try readNames(bytes, field: field, in: name) }
    var reader = WireReader(bytes)
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (3, .lengthDelimited): try readMessage(try reader.view(), in: name, depth: depth + 1)
      case (4, .lengthDelimited): try readEnum(try reader.view(), in: name)
      default: try reader.skip(number, type)
      }
    }
  }

  private mutating func readEnum(
    _ bytes: UnsafeRawBufferPointer,
    in scope: String
  ) throws(WireError) {
    others.append(Self.join(scope, try Self.name(of: bytes)))
    // An enum's values are named as its siblings are (descriptor.proto).
    try readNames(bytes, field: 2, in: scope)
  }

  private mutating func readNames(
    _ bytes: UnsafeRawBufferPointer,
    field: UInt32,
    in scope: String
  ) throws(WireError) {
    var reader = WireReader(bytes)
    while let (number, type) = try reader.nextTag() {
      if number == field, type == .lengthDelimited {
        others.append(Self.join(scope, try Self.name(of: try reader.view())))
      } else {
        try reader.skip(number, type)
      }
    }
  }

  /// Field 1 of every descriptor.
  private static func name(of bytes: UnsafeRawBufferPointer) throws(WireError) -> String {
    var reader = WireReader(bytes)
    var name = ""
    while let (number, type) = try reader.nextTag() {
      if number == 1, type == .lengthDelimited {
        name = try reader.string()
      } else {
        try reader.skip(number, type)
      }
    }
    return name
  }

  private static func join(_ scope: String, _ name: String) -> String {
    scope.isEmpty ? name : "\(scope).\(name)"
  }
}
