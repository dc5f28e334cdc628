import COpenSSL

/// A certificate with its private key, as a process is given them.
public struct IssuedCertificate: Sendable {
  /// The certificate alone: its issuer is the trust root, which peers have anyway.
  public let certificatePEM: String
  /// PKCS#8, unencrypted.
  public let privateKeyPEM: SecretBytes

  /// Writes both: the certificate readable by everybody, the key with mode 0600. Files of these
  /// names are replaced in one step each.
  public func write(certificateFile: String, privateKeyFile: String) throws(CryptoError) {
    try PEMFile.write(privateKeyPEM, to: privateKeyFile, mode: 0o600)
    try PEMFile.write(SecretBytes(Array(certificatePEM.utf8)), to: certificateFile, mode: 0o644)
  }
}

/// A certificate authority of our own, for the mutual TLS between the services: P-256 keys,
/// ECDSA with SHA-256, roles in URI SANs.
///
/// For development, composes and tests; whoever has a PKI issues certificates with the same SANs.
public struct CertificateAuthority: Sendable {
  private let certificate: Certificate
  private let key: PrivateKey

  /// The authority's certificate: the trust root of every peer.
  public let certificatePEM: String

  private init(certificate: Certificate, key: PrivateKey) throws(CryptoError) {
    self.certificate = certificate
    self.key = key
    certificatePEM = try certificate.pem()
  }

  /// Makes a new key and a self-signed certificate that may sign leaves only.
  public static func create(
    commonName: String = "Sluice CA",
    validity: CertificateValidity = .days(3650)
  ) throws(CryptoError) -> CertificateAuthority {
    let key = try makeKey()
    let builder = try CertificateBuilder(commonName: commonName, validity: validity, key: key)
    try builder.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", issuer: nil)
    try builder.add(NID_key_usage, "critical,keyCertSign,cRLSign", issuer: nil)
    try builder.add(NID_subject_key_identifier, "hash", issuer: nil)
    return try CertificateAuthority(certificate: builder.signed(by: key, issuer: nil), key: key)
  }

  /// Loads what `write` wrote.
  /// - Throws: kind `.file` when a file cannot be read, `.format` when they are not a CA's
  ///   certificate and its key, or it has expired.
  public static func load(
    certificateFile: String,
    privateKeyFile: String
  ) throws(CryptoError) -> CertificateAuthority {
    let pem = try PEMFile.read(certificateFile)
    let certificate = try Certificate(pem: pem.copyBytes())
    let key = try PrivateKey(pem: PEMFile.read(privateKeyFile))
    guard certificate.isAuthority else {
      throw CryptoError(.format, "\(certificateFile) is not a certificate authority's certificate")
    }
    guard certificate.belongs(to: key) else {
      throw CryptoError(.format, "\(privateKeyFile) is not the key of \(certificateFile)")
    }
    guard !certificate.isExpired else {
      throw CryptoError(.format, "the certificate authority in \(certificateFile) has expired")
    }
    return try CertificateAuthority(certificate: certificate, key: key)
  }

  /// Writes the certificate, and the key with mode 0600; files of these names are replaced.
  public func write(certificateFile: String, privateKeyFile: String) throws(CryptoError) {
    try IssuedCertificate(certificatePEM: certificatePEM, privateKeyPEM: key.pkcs8PEM())
      .write(certificateFile: certificateFile, privateKeyFile: privateKeyFile)
  }

  /// Issues a certificate for one instance of a role, good for both ends of a connection.
  /// - Parameters:
  ///   - role: `vault`, `orchestrator`, `writer` or `operator`.
  ///   - instance: tells replicas apart in logs. Like the role, letters, digits, `.`, `_`, `-`.
  public func issue(
    role: String,
    instance: String,
    dnsNames: [String] = [],
    ipAddresses: [String] = [],
    validity: CertificateValidity = .days(365)
  ) throws(CryptoError) -> IssuedCertificate {
    for part in [role, instance] {
      guard 1...64 ~= part.utf8.count,
        part.utf8.allSatisfy({ NameCharacters.contains($0, "._-") })
      else {
        throw CryptoError(
          .format,
          "\"\(part)\" cannot be part of a role: 1 to 64 letters, digits, \".\", \"_\" or \"-\""
        )
      }
    }
    let names =
      [SubjectName.uri("urn:sluice:role:\(role):\(instance)")]
      + dnsNames.map(SubjectName.dns) + ipAddresses.map(SubjectName.ipAddress)
    let leafKey = try Self.makeKey()
    let builder = try CertificateBuilder(commonName: role, validity: validity, key: leafKey)
    try builder.add(NID_basic_constraints, "critical,CA:FALSE", issuer: certificate)
    try builder.add(NID_key_usage, "critical,digitalSignature", issuer: certificate)
    try builder.add(NID_ext_key_usage, "serverAuth,clientAuth", issuer: certificate)
    try builder.add(NID_subject_key_identifier, "hash", issuer: certificate)
    try builder.add(NID_authority_key_identifier, "keyid:always", issuer: certificate)
    try builder.add(names)
    let leaf = try builder.signed(by: key, issuer: certificate)
    return try IssuedCertificate(certificatePEM: leaf.pem(), privateKeyPEM: leafKey.pkcs8PEM())
  }

  /// The same, valid from now for `days` days.
  public func issue(
    role: String,
    instance: String,
    dnsNames: [String] = [],
    ipAddresses: [String] = [],
    days: Int
  ) throws(CryptoError) -> IssuedCertificate {
    try issue(
      role: role,
      instance: instance,
      dnsNames: dnsNames,
      ipAddresses: ipAddresses,
      validity: .days(days)
    )
  }

  private static func makeKey() throws(CryptoError) -> PrivateKey {
    try PrivateKey.generate(EVP_PKEY_EC, action: "make a P-256 key") {
      EVP_PKEY_CTX_set_ec_paramgen_curve_nid($0, NID_X9_62_prime256v1)
    }
  }
}
