import COpenSSL

/// Fills in and signs one X.509 version 3 certificate (RFC 5280).
struct CertificateBuilder {
  private let certificate: Certificate

  init(commonName: String, validity: CertificateValidity, key: PrivateKey) throws(CryptoError) {
    let pointer = try OpenSSL.make("make a certificate") { X509_new() }
    certificate = Certificate(adopting: pointer)
    guard validity.notBefore < validity.notAfter else {
      throw CryptoError(.format, "a certificate cannot end before it begins")
    }
    guard 1...64 ~= commonName.utf8.count, let length = CInt(exactly: commonName.utf8.count) else {
      throw CryptoError(.format, "a certificate's name must have 1 to 64 bytes")
    }
    let serial = try Self.randomSerial()
    defer { ASN1_INTEGER_free(serial) }
    try OpenSSL.check("fill in a certificate") {
      // 2 means version 3.
      guard X509_set_version(pointer, 2) == 1,
        X509_set_serialNumber(pointer, serial) == 1,
        X509_set_pubkey(pointer, key.pointer) == 1,
        ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(validity.notBefore)) != nil,
        ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(validity.notAfter)) != nil
      else { return 0 }
      return X509_NAME_add_entry_by_NID(
        X509_get_subject_name(pointer),
        NID_commonName,
        MBSTRING_UTF8,
        Array(commonName.utf8),
        length,
        -1,
        0
      )
    }
  }

  /// 127 random bits: section 4.1.2.2 wants serials unique, positive and within 20 octets.
  private static func randomSerial() throws(CryptoError) -> UnsafeMutablePointer<ASN1_INTEGER> {
    var bytes = try RandomBytes.make(count: 16)
    bytes[0] = bytes[0] & 0x7f | 0x40
    let number = try OpenSSL.make("make a serial number") { BN_bin2bn(bytes, 16, nil) }
    defer { BN_free(number) }
    return try OpenSSL.make("make a serial number") { BN_to_ASN1_INTEGER(number, nil) }
  }

  /// Adds an extension in the notation of x509v3_config(5). For constants only: a value that holds
  /// somebody's text could bring further extensions in.
  func add(_ nid: CInt, _ value: StaticString, issuer: Certificate?) throws(CryptoError) {
    var context = v3_ext_ctx()
    X509V3_set_ctx(
      &context,
      (issuer ?? certificate).pointer,
      certificate.pointer,
      nil,
      nil,
      0
    )
    let text = value.description
    let part = try OpenSSL.make("make the extension \(text)") {
      X509V3_EXT_conf_nid(nil, &context, nid, text)
    }
    defer { X509_EXTENSION_free(part) }
    try OpenSSL.check("add the extension \(text)") {
      X509_add_ext(certificate.pointer, part, -1)
    }
  }

  func add(_ names: [SubjectName]) throws(CryptoError) {
    let list = try OpenSSL.make("name the subject") { GENERAL_NAMES_new() }
    defer { GENERAL_NAMES_free(list) }
    for name in names {
      let entry = try name.generalName()
      // OPENSSL_sk_push is what the macros for every kind of stack come down to.
      guard OPENSSL_sk_push(list, entry) > 0 else {
        GENERAL_NAME_free(entry)
        throw OpenSSL.failure("name the subject", kind: .library)
      }
    }
    try OpenSSL.check("name the subject") {
      X509_add1_ext_i2d(
        certificate.pointer,
        NID_subject_alt_name,
        UnsafeMutableRawPointer(list),
        0,
        0
      )
    }
  }

  /// Signs with `key`, the private key of `issuer`; nil signs for itself.
  func signed(by key: PrivateKey, issuer: Certificate?) throws(CryptoError) -> Certificate {
    try OpenSSL.check("sign a certificate") {
      let name = X509_get_subject_name((issuer ?? certificate).pointer)
      guard X509_set_issuer_name(certificate.pointer, name) == 1 else { return 0 }
      return X509_sign(certificate.pointer, key.pointer, EVP_sha256())
    }
    return certificate
  }
}
