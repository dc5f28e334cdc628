/// Text as mail headers and bodies need it: lines of at most 78 ASCII characters.
enum MailText {
  /// C0, DEL, and C1 with U+0085, which some readers take for a line break; so with U+2028 and U+2029.
  static func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains {
      $0.value < 0x20 || (0x7f...0x9f).contains($0.value) || (0x2028...0x2029).contains($0.value)
    }
  }

  /// RFC 5322, section 3.2.3.
  static func isAtomCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122: true
    default: Array("!#$%&'*+-/=?^_`{|}~".utf8).contains(byte)
    }
  }

  /// A header of free text, folded. `text` has no control characters.
  static func unstructured(_ name: String, _ text: String) -> String {
    let isPlain =
      text.utf8.allSatisfy { (0x20...0x7e).contains($0) } && !text.contains("=?")
      && !text.contains("  ") && text.first != " " && text.last != " "
      && text.split(separator: " ").allSatisfy { $0.utf8.count <= 60 }
    guard isPlain else { return "\(name): \(encodedWords(text))\r\n" }
    var lines = ""
    var line = "\(name):"
    for word in text.split(separator: " ") {
      if line.utf8.count + 1 + word.utf8.count > 76 {
        lines += line + "\r\n"
        line = ""
      }
      line += " \(word)"
    }
    return lines + line + "\r\n"
  }

  /// RFC 2047: base64 words of at most 75 characters that end at whole characters.
  static func encodedWords(_ text: String) -> String {
    var words: [String] = []
    var part: [UInt8] = []
    func close() {
      if !part.isEmpty { words.append("=?UTF-8?B?\(base64(part))?=") }
      part = []
    }
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      // 39 bytes are 52 digits: room for a header's name before the first word.
      if part.count + bytes.count > 39 { close() }
      part += bytes
    }
    close()
    return words.joined(separator: "\r\n ")
  }

  /// RFC 5322, section 3.2.5: what stands before an address.
  static func phrase(_ name: String) -> String {
    guard name.utf8.allSatisfy({ (0x20...0x7e).contains($0) }), name.utf8.count <= 60,
      !name.contains("=?")
    else { return encodedWords(name) }
    let escaped = name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
    return "\"\(String(escaped))\""
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = (0..<3).reduce(UInt32(0)) { bits, place in
        bits << 8 | (place < group.count ? UInt32(group[start + place]) : 0)
      }
      for place in 0..<4 {
        text.append(
          place <= group.count
            ? digits[Int(bits >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "=")
        )
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
