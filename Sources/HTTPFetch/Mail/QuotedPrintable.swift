/// RFC 2045, section 6.7: any text in lines of at most 76 ASCII characters that end in CR LF.
enum QuotedPrintable {
  /// CR LF, CR and LF each end a line.
  static func encode(_ text: String) -> [UInt8] {
    var output: [UInt8] = []
    var column = 0
    let bytes = Array(text.utf8)
    var index = 0

    func put(_ piece: [UInt8]) {
      // One column is kept for the `=` of a soft line break.
      if column + piece.count > 75 {
        output += [UInt8(ascii: "="), 0x0d, 0x0a]
        column = 0
      }
      output += piece
      column += piece.count
    }

    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case 0x0d, 0x0a:
        if byte == 0x0d, index < bytes.count, bytes[index] == 0x0a { index += 1 }
        output += [0x0d, 0x0a]
        column = 0
      case 0x20, 0x09:
        // Blanks at a line's end are lost on the way.
        let isLast = index == bytes.count || bytes[index] == 0x0d || bytes[index] == 0x0a
        put(isLast ? escape(byte) : [byte])
      case 0x21...0x3c, 0x3e...0x7e: put([byte])
      default: put(escape(byte))
      }
    }
    if column > 0 { output += [0x0d, 0x0a] }
    return output
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }
}
