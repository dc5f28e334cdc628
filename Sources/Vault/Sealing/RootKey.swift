import Crypto

/// The key that everything in one vault hangs from. It is never used itself, only keys derived from
/// it for one purpose each.
struct RootKey: Sendable {
  let id: Int64
  /// Itself, to be wrapped under another master key.
  let secret: SecretBytes
  /// Wraps data keys.
  let wrapKey: SecretBytes
  /// Authenticates the columns that are not encrypted.
  private let rowKey: SecretBytes
  /// Authenticates the manifest.
  private let manifestKey: SecretBytes

  init(id: Int64, secret: SecretBytes) throws(CryptoError) {
    self.id = id
    self.secret = secret
    wrapKey = try HKDF.derive(from: secret, salt: [], info: CanonicalFields("wrap").bytes)
    rowKey = try HKDF.derive(from: secret, salt: [], info: CanonicalFields("row-mac").bytes)
    manifestKey = try HKDF.derive(from: secret, salt: [], info: CanonicalFields("manifest").bytes)
  }

  func authenticate(_ fields: CanonicalFields) throws(CryptoError) -> [UInt8] {
    try HMACSHA256.authenticate(fields.bytes, key: rowKey)
  }

  func verify(_ code: [UInt8], _ fields: CanonicalFields) throws(CryptoError) -> Bool {
    SecretBytes(try authenticate(fields)) == SecretBytes(code)
  }

  func authenticate(manifest fields: CanonicalFields) throws(CryptoError) -> [UInt8] {
    try HMACSHA256.authenticate(fields.bytes, key: manifestKey)
  }

  func verify(_ code: [UInt8], manifest fields: CanonicalFields) throws(CryptoError) -> Bool {
    SecretBytes(try authenticate(manifest: fields)) == SecretBytes(code)
  }
}
