/// A proto3 enum: open, so a number that is not known here reads as `unspecified`, which every enum
/// of `Protos/` has as its 0.
public protocol WireEnum: RawRepresentable, Sendable where RawValue == Int32 {
  static var unspecified: Self { get }
}

extension WireReader {
  public mutating func enumeration<E: WireEnum>(_: E.Type = E.self) throws(WireError) -> E {
    E(rawValue: try int32()) ?? .unspecified
  }
}

extension WireWriter {
  public mutating func enumeration(_ number: UInt32, _ value: some WireEnum) {
    int32(number, value.rawValue)
  }
}
