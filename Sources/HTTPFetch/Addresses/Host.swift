/// A host of a URL or a setting, in one spelling only.
public enum Host: Sendable, Hashable {
  /// Lower case, without a final dot.
  case name(String)
  case address(IPAddress)

  /// Reads a name or an address; an IPv6 address without brackets.
  ///
  /// Refused: names that some resolver reads as an IPv4 address (`127.1`, `0x7f000001`,
  /// `2130706433`), zones, user names, and any byte outside ASCII: `。` is a dot to IDNA, and full-width
  /// digits are digits. A name with other letters is written in its `xn--` form (RFC 5890).
  /// - Throws: `FetchError` `invalidRequest`.
  public init(_ text: String) throws(FetchError) {
    if let address = IPAddress(text) {
      self = .address(address)
      return
    }
    var bytes = Array(text.utf8)
    if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
    if let wrong = Self.fault(bytes) {
      throw FetchError(.invalidRequest, "the host \"\(Self.printable(text))\" \(wrong)")
    }
    self = .name(String(decoding: bytes.map { Self.lowerCased($0) }, as: UTF8.self))
  }

  private static func fault(_ bytes: [UInt8]) -> String? {
    guard bytes.allSatisfy({ $0 < 0x80 }) else {
      return "has letters outside ASCII; write it in its xn-- form"
    }
    guard (1...253).contains(bytes.count) else { return "is not 1 to 253 bytes long" }
    let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    for label in labels {
      guard (1...63).contains(label.count) else {
        return "has a label that is not 1 to 63 bytes long"
      }
      guard label.allSatisfy({ isLetter($0) || isDigit($0) || $0 == 0x2d || $0 == 0x5f }) else {
        return "is neither one host name nor one IP address"
      }
      guard label.first != 0x2d, label.last != 0x2d else {
        return "has a label that ends in a hyphen"
      }
    }
    // The URL standard's rule: a last label of digits, or 0x and hexadecimal digits, is an address.
    if let last = labels.last, let first = last.first, isDigit(first),
      last.allSatisfy({ isDigit($0) })
        || (last.count > 1 && first == 0x30 && last.dropFirst().first.map { $0 | 0x20 } == 0x78)
    {
      return "is an IPv4 address in an unusual spelling; write four decimal numbers"
    }
    return nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
  private static func lowerCased(_ byte: UInt8) -> UInt8 {
    (65...90).contains(byte) ? byte | 0x20 : byte
  }

  private static func printable(_ text: String) -> String {
    String(
      decoding: text.utf8.prefix(80).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") },
      as: UTF8.self
    )
  }
}

extension Host: CustomStringConvertible {
  /// As it stands in a URL: an IPv6 address in brackets.
  public var description: String {
    switch self {
    case .name(let name): name
    case .address(let address): address.width == 128 ? "[\(address)]" : "\(address)"
    }
  }
}
