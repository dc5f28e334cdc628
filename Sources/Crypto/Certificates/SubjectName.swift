import COpenSSL

/// One entry of a certificate's subject alternative names (RFC 5280, section 4.2.1.6).
enum SubjectName {
  case uri(String)
  case dns(String)
  case ipAddress(String)

  func generalName() throws(CryptoError) -> UnsafeMutablePointer<GENERAL_NAME> {
    switch self {
    case .uri(let text): return try Self.text(text, type: GEN_URI)
    case .dns(let text):
      guard Self.isHostName(text) else {
        throw CryptoError(.format, "\"\(text)\" is not a host name")
      }
      return try Self.text(text, type: GEN_DNS)
    case .ipAddress(let text):
      let octets = try OpenSSL.make("read \"\(text)\" as an IP address", kind: .format) {
        a2i_IPADDRESS(text)
      }
      return try Self.general(type: GEN_IPADD, value: octets) { ASN1_OCTET_STRING_free(octets) }
    }
  }

  private static func text(
    _ text: String,
    type: CInt
  ) throws(CryptoError) -> UnsafeMutablePointer<GENERAL_NAME> {
    let value = try OpenSSL.make("name the subject") { ASN1_IA5STRING_new() }
    return try general(type: type, value: value) {
      ASN1_IA5STRING_free(value)
    } prepare: {
      ASN1_STRING_set(value, text, CInt(clamping: text.utf8.count))
    }
  }

  /// Wraps `value`, which the name owns from then on; on failure `release` frees it.
  private static func general(
    type: CInt,
    value: UnsafeMutablePointer<ASN1_STRING>,
    release: () -> Void,
    prepare: () -> CInt = { 1 }
  ) throws(CryptoError) -> UnsafeMutablePointer<GENERAL_NAME> {
    do throws(CryptoError) {
      try OpenSSL.check("name the subject", prepare)
      let name = try OpenSSL.make("name the subject") { GENERAL_NAME_new() }
      GENERAL_NAME_set0_value(name, type, value)
      return name
    } catch {
      release()
      throw error
    }
  }

  /// Letters, digits, `-`, `_` and `.`, with an optional `*.` in front. `_` is no host name's by
  /// RFC 952, but compose projects have it in theirs.
  private static func isHostName(_ text: String) -> Bool {
    let name = text.hasPrefix("*.") ? text.dropFirst(2) : text[...]
    guard 1...253 ~= name.utf8.count else { return false }
    return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      1...63 ~= label.utf8.count && label.utf8.allSatisfy { NameCharacters.contains($0, "-_") }
    }
  }
}

enum NameCharacters {
  /// Whether `byte` is an ASCII letter or digit, or one of `others`.
  static func contains(_ byte: UInt8, _ others: StaticString) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: others.withUTF8Buffer { $0.contains(byte) }
    }
  }
}
