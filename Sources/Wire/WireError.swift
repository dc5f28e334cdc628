/// What was wrong with bytes that claimed to be a message.
///
/// Every case is the sender's fault, never ours: a service answers `INVALID_ARGUMENT` (request) or
/// `INTERNAL` (response) and goes on.
public enum WireError: Error, Equatable, Sendable {
  /// The bytes ended inside a field.
  case truncated
  /// A varint was longer than ten bytes or did not fit into 64 bits.
  case varintTooLong
  /// A tag with field number 0 or above 536,870,911, with a wire type that proto3 does not know, or
  /// longer than five bytes.
  case invalidTag
  /// A length that took more than five bytes.
  case invalidLength
  /// A `string` field was not valid UTF-8.
  case invalidUTF8
  /// Groups were nested deeper than `WireReader.maximumDepth`, or sub-messages were.
  case tooDeep
  /// An end-group tag came without its start, or with another number.
  case unbalancedGroup
  /// More bytes than the offsets into them can hold.
  case tooLarge
}

extension WireError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated: "message ends inside a field"
    case .varintTooLong: "varint longer than 64 bits"
    case .invalidTag: "invalid field tag"
    case .invalidLength: "length in more than five bytes"
    case .invalidUTF8: "string field is not valid UTF-8"
    case .tooDeep: "message nested too deeply"
    case .unbalancedGroup: "unbalanced group"
    case .tooLarge: "message too large"
    }
  }
}
