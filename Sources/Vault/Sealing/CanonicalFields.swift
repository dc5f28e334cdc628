import Crypto

/// Fields as bytes that no other fields give: each is preceded by its length, so that moving a
/// character from one to the next changes the whole. What a seal or a MAC is computed over.
struct CanonicalFields {
  private(set) var bytes: [UInt8] = []

  /// - Parameter purpose: keeps records of different kinds apart.
  init(_ purpose: StaticString) {
    append("sluice-vault/1")
    append(purpose.description)
  }

  mutating func append(_ field: [UInt8]) {
    withUnsafeBytes(of: UInt64(field.count).bigEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: field)
  }

  mutating func append(_ text: String) { append(Array(text.utf8)) }

  mutating func append(_ number: Int64) {
    append(withUnsafeBytes(of: number.bigEndian) { Array($0) })
  }
}
