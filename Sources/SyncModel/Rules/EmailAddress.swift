/// The form that an e-mail address must have (R65): simple on purpose, since only a mail that arrives
/// proves an address.
public enum EmailAddress {
  /// RFC 5321, 4.5.3.1: a path has at most 256 octets with its two angle brackets.
  public static let maximumLength = 254

  /// One `@`, something before it, and after it a domain of at least two labels.
  public static func isValid(_ text: UnsafeRawBufferPointer) -> Bool {
    guard text.count <= maximumLength, let at = text.firstIndex(of: UInt8(ascii: "@")) else {
      return false
    }
    let local = text[..<at]
    let domain = text[(at + 1)...]
    // RFC 5321, 4.5.3.1.1: 64 octets before the @.
    guard !local.isEmpty, local.count <= 64, local.allSatisfy(isLocal),
      local.first != UInt8(ascii: "."), local.last != UInt8(ascii: ".")
    else { return false }
    var labels = 0
    for label in domain.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
      guard !label.isEmpty, label.count <= 63, label.allSatisfy(isDomain),
        label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-")
      else { return false }
      labels += 1
    }
    return labels >= 2
  }

  /// The form under which an address is looked up: ASCII letters in lower case. What is stored and
  /// shown keeps its case.
  public static func appendLookupForm(_ text: UnsafeRawBufferPointer, into sink: inout ByteSink) {
    for byte in text {
      sink.append(byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte)
    }
  }

  /// RFC 5322 atext and the dot; bytes above ASCII by RFC 6531.
  private static func isLocal(_ byte: UInt8) -> Bool {
    guard byte > 0x20, byte != 0x7F else { return false }
    switch byte {
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "<"), UInt8(ascii: ">"),
      UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ":"), UInt8(ascii: ";"),
      UInt8(ascii: "@"), UInt8(ascii: "\\"), UInt8(ascii: ","), UInt8(ascii: "\""):
      return false
    default: return true
    }
  }

  private static func isDomain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), 0x80...:
      return true
    default: return false
    }
  }
}
