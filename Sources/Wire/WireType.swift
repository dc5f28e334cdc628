/// The wire types of protobuf (https://protobuf.dev/programming-guides/encoding/#structure).
public enum WireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  case lengthDelimited = 2
  case startGroup = 3
  case endGroup = 4
  case fixed32 = 5
}
