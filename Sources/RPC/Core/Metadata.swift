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

  /// In the order in which they arrived or were added.
  public var entries: [Entry] { received.isEmpty ? added : received.entries + added }

  private var received = ReceivedFields()
  private var added: [Entry] = []

  public init() {}

  public var isEmpty: Bool { received.isEmpty && added.isEmpty }

  public static func == (one: Metadata, other: Metadata) -> Bool { one.entries == other.entries }

  public mutating func append(_ name: String, _ value: Value) {
    added.append(Entry(name: name.lowercased(), value: value))
  }

  mutating func append(contentsOf other: Metadata) { added += other.entries }

  /// Adds a header of a peer, which is not the protocol's own.
  /// - Returns: false when a `-bin` value is not base64.
  mutating func appendHeader(_ name: HeaderBytes, _ value: HeaderBytes) -> Bool {
    if name.hasSuffix("-bin"), ReceivedFields.binaryValues(value) == nil { return false }
    if added.isEmpty {
      received.append(name, value)
    } else {
      // Behind what is here already.
      var later = ReceivedFields()
      later.append(name, value)
      added += later.entries
    }
    return true
  }

  public mutating func append(_ name: String, _ text: String) { append(name, .text(text)) }

  /// Replaces every value of that name.
  public mutating func set(_ name: String, _ text: String) {
    remove(name)
    append(name, .text(text))
  }

  /// Removes every value of that name.
  public mutating func remove(_ name: String) {
    let name = name.lowercased()
    added = entries.filter { $0.name != name }
    received = ReceivedFields()
  }

  public subscript(name: String) -> [Value] {
    let name = name.lowercased()
    return entries.filter { $0.name == name }.map(\.value)
  }

  /// The first text value of that name.
  public func first(_ name: String) -> String? {
    withFirst(name) { String(decoding: $0, as: UTF8.self) }
  }

  /// Lends the UTF-8 of the first text value of that name.
  func withFirst<Result>(
    _ name: String,
    _ body: (UnsafeBufferPointer<UInt8>) -> Result?
  ) -> Result? {
    let name = name.lowercased()
    if !received.isEmpty, !name.hasSuffix("-bin") {
      if let result = received.first(of: name, body) { return result }
    }
    for entry in added where entry.name == name {
      if case .text(var text) = entry.value { return text.withUTF8(body) }
    }
    return nil
  }
}
