/// A call's metadata: an ordered list of names and values, names lower case.
///
/// Names that end in `-bin` hold bytes (base64 on the wire); all others printable ASCII.
public struct Metadata: Sendable, Equatable {
  public enum Value: Sendable, Equatable {
    case text(String)
    case bytes([UInt8])
  }

  public struct Entry: Sendable, Equatable {
    public var name: String
    public var value: Value
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }

  public mutating func append(_ name: String, _ value: Value) {
    entries.append(Entry(name: name.lowercased(), value: value))
  }

  mutating func append(contentsOf other: Metadata) { entries += other.entries }

  public mutating func append(_ name: String, _ text: String) { append(name, .text(text)) }

  /// Replaces every value of that name.
  public mutating func set(_ name: String, _ text: String) {
    remove(name)
    append(name, .text(text))
  }

  /// Removes every value of that name.
  public mutating func remove(_ name: String) {
    let name = name.lowercased()
    entries.removeAll { $0.name == name }
  }

  public subscript(name: String) -> [Value] {
    let name = name.lowercased()
    return entries.filter { $0.name == name }.map(\.value)
  }

  /// The first text value of that name.
  public func first(_ name: String) -> String? {
    for value in self[name] {
      if case .text(let text) = value { return text }
    }
    return nil
  }
}
