/// A statement's text as a key: by its bytes, because Swift's `String` equates texts that are only
/// canonically equivalent (design, decision 13).
struct SQLText: Hashable {
  let sql: String

  init(_ sql: String) { self.sql = sql }

  static func == (a: SQLText, b: SQLText) -> Bool { a.sql.utf8.elementsEqual(b.sql.utf8) }

  func hash(into hasher: inout Hasher) {
    if sql.utf8.withContiguousStorageIfAvailable({ hasher.combine(bytes: .init($0)) }) == nil {
      for byte in sql.utf8 { hasher.combine(byte) }
    }
  }

  /// Space, tab, line feed, form feed, carriage return, or the semicolon that ends a statement.
  static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte) || byte == UInt8(ascii: ";")
  }
}
