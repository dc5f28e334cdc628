import COpenSSL

/// An X.509 certificate as OpenSSL keeps it, released with the last reference.
// Safety: @unchecked because of the pointer; it is not changed once its builder has signed it, and
// OpenSSL locks its internal caches itself.
final class Certificate: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Takes over the reference.
  init(adopting pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_free(pointer) }

  /// Reads the first certificate of a PEM text.
  convenience init(pem: [UInt8]) throws(CryptoError) {
    let bio = try MemoryBIO(reading: SecretBytes(pem))
    self.init(
      adopting: try OpenSSL.make("read the certificate", kind: .format) {
        PEM_read_bio_X509(bio.pointer, nil, { _, _, _, _ in 0 }, nil)
      }
    )
  }

  func pem() throws(CryptoError) -> String {
    let bio = try MemoryBIO()
    try OpenSSL.check("write the certificate") { PEM_write_bio_X509(bio.pointer, pointer) }
    return bio.textContents()
  }

  /// Whether the basic constraints (RFC 5280, section 4.2.1.9) make it a CA's.
  var isAuthority: Bool { X509_check_ca(pointer) == 1 }

  /// Whether `key` is the private half of the certificate's key.
  func belongs(to key: PrivateKey) -> Bool {
    ERR_clear_error()
    let matches = X509_check_private_key(pointer, key.pointer) == 1
    ERR_clear_error()
    return matches
  }

  /// Whether it is no longer valid by this machine's clock.
  var isExpired: Bool { X509_cmp_current_time(X509_get0_notAfter(pointer)) < 0 }
}
