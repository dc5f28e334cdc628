/// A mailbox with the name that is shown beside it.
public struct MailAddress: Sendable, Hashable {
  /// `local@domain`, ASCII.
  public let address: String
  public let name: String?

  /// Checks that nothing in it can end its line or its brackets: `x>\r\nRCPT TO:<y` was measured to
  /// reach a server as a second recipient (reliability.md 5.3).
  ///
  /// The local part is RFC 5322's dot-atom, at most 64 bytes; the domain is a host name (letters
  /// outside ASCII in its `xn--` form), 254 bytes together. A name is any text without control
  /// characters, at most 200 bytes.
  /// - Throws: `FetchError` `invalidRequest`.
  public init(_ address: String, name: String? = nil) throws(FetchError) {
    let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard parts.count == 2, address.utf8.count <= 254, Self.isLocalPart(parts[0]),
      case .name? = try? Host(String(decoding: parts[1], as: UTF8.self))
    else {
      throw FetchError(
        .invalidRequest,
        "a mail address is not of the form name@host.example: letters, digits and .!#$%&'*+-/=?^_`{|}~"
      )
    }
    if let name, name.utf8.count > 200 || MailText.hasControls(name) {
      throw FetchError(
        .invalidRequest,
        "the name beside a mail address is longer than 200 bytes or has a control character"
      )
    }
    self.address = address
    self.name = name
  }

  private static func isLocalPart(_ bytes: some Collection<UInt8>) -> Bool {
    guard (1...64).contains(bytes.count) else { return false }
    let atoms = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return atoms.allSatisfy { !$0.isEmpty && $0.allSatisfy(MailText.isAtomCharacter) }
  }

  var domain: Substring {
    address[address.index(after: address.lastIndex(of: "@") ?? address.startIndex)...]
  }
}

extension MailAddress: CustomStringConvertible {
  public var description: String { address }
}
