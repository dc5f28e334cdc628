/// Whether text looks like an address that mail can be sent to.
///
/// Only what certainly cannot work is refused: delivery is the one real test. Blanks and control
/// characters are refused because the address will stand in a mail's header.
enum MailAddress {
  /// RFC 5321, 4.5.3.1.3: a path has 256 bytes with its angle brackets.
  static let maximumLength = 254

  static func isPlausible(_ text: String) -> Bool {
    guard text.utf8.count <= maximumLength,
      !text.unicodeScalars.contains(where: {
        $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F
      }),
      !text.utf8.contains(where: { "<>()[],;:\\\"".utf8.contains($0) })
    else { return false }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64 else { return false }
    let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return labels.allSatisfy { !$0.isEmpty && $0.utf8.count <= 63 && !$0.hasPrefix("-") }
  }
}
