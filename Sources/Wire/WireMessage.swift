/// A proto3 message, coded by hand against `Protos/`.
///
/// A conformer is a struct whose stored properties are the message's fields, named as in the
/// `.proto` file in camel case, with proto3's defaults. Unknown fields are dropped on purpose:
/// no service passes another's messages on.
public protocol WireMessage: Sendable {
  /// The message with every field at its default.
  init()

  /// Reads fields until the reader's end. Scalars: the last one wins. Sub-messages merge.
  mutating func merge(from reader: inout WireReader) throws(WireError)

  /// Writes every field that is not at its default, in the order of the field numbers.
  func encode(into writer: inout WireWriter)

  /// Decodes a whole message. Messages that keep views over their bytes (row batches) override
  /// this to hold on to `wireBytes`, which costs no copy.
  init(wireBytes: [UInt8]) throws(WireError)

  /// The encoded message, without any length prefix.
  func wireBytes() -> [UInt8]
}

extension WireMessage {
  @inlinable
  public init(wireBytes: [UInt8]) throws(WireError) {
    self.init()
    // `withUnsafeBytes` does not carry typed errors, hence the detour over a result.
    var message = self
    let result: Result<Void, WireError> = wireBytes.withUnsafeBytes { bytes in
      var reader = WireReader(bytes)
      do throws(WireError) {
        try message.merge(from: &reader)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    self = message
  }

  @inlinable
  public func wireBytes() -> [UInt8] {
    var writer = WireWriter()
    encode(into: &writer)
    return writer.bytes
  }
}
