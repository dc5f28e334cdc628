/// A row's identifier columns for people: `external_id=42`.
public enum RowIdentifierText {
  /// Of one value this many bytes are shown.
  public static let shown = 200

  /// Every column that is filled, because a rejected row may have filled more than it may. Bytes
  /// that are no text, and control characters, are shown as `\xNN`.
  public static func describe(_ row: SourceRow) -> String {
    var parts: [String] = []
    func add(_ name: String, _ value: UnsafeRawBufferPointer?) {
      guard let value, value.count > 0 else { return }
      parts.append("\(name)=\(text(value))")
    }
    add("external_id", row.externalID)
    add("alias_name", row.aliasName)
    add("alias_label", row.aliasLabel)
    add("braze_id", row.brazeID)
    add("email", row.email)
    add("phone", row.phone)
    return parts.joined(separator: ", ")
  }

  /// One value for people, cut after about `limit` bytes.
  public static func text(
    _ value: UnsafeRawBufferPointer,
    atMost limit: Int = shown
  ) -> String {
    var bytes: [UInt8] = []
    var index = 0
    while index < value.count, bytes.count < limit {
      let byte = value[index]
      let length = byte < 0x80 ? 1 : UTF8Check.sequenceLength(value, at: index)
      // Also C1 controls (C2 80 to C2 9F): terminals obey them.
      let isControl =
        byte < 0x20 || byte == 0x7F
        || (byte == 0xC2 && length == 2 && value[index + 1] < 0xA0)
      if length == 0 || isControl {
        for position in index..<(index + max(length, 1)) {
          bytes.append(contentsOf: Array("\\x".utf8))
          bytes.append(hexDigit(value[position] >> 4))
          bytes.append(hexDigit(value[position] & 0xF))
        }
      } else {
        bytes.append(contentsOf: value[index..<(index + length)])
      }
      index += max(length, 1)
    }
    return String(decoding: bytes, as: UTF8.self) + (index < value.count ? "…" : "")
  }

  private static func hexDigit(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + (digit - 10)
  }
}
