import COpenSSL
import Glibc

/// OpenSSL's `SSL_CTX`: one side's certificates and rules, shared by its connections.
///
/// Safety: it is written only in `init`; OpenSSL counts references and locks its own state, so
/// connections on different loops may use it at the same time.
final class TLSContext: @unchecked Sendable {
  private let handle: OpaquePointer
  private let isServer: Bool

  /// ALPN's form of the one protocol: its length, its name.
  static let alpn: [UInt8] = [2] + "h2".utf8

  /// - Throws: `TLSError` naming the file that cannot be used.
  init(server configuration: TLSConfiguration) throws(TLSError) {
    handle = try Self.make(TLS_server_method())
    isServer = true
    // SSL_VERIFY_FAIL_IF_NO_PEER_CERT: a client without a certificate gets no connection.
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    SSL_CTX_set_num_tickets(handle, 0)
    if configuration.wipesPlaintext { sluice_SSL_CTX_cleanse_plaintext(handle) }
    SSL_CTX_set_alpn_select_cb(handle, selectProtocol, nil)
    try load(configuration)
    // Tells clients which authorities' certificates are taken.
    SSL_CTX_set_client_CA_list(handle, SSL_load_client_CA_file(configuration.trustRootsFile))
    TLSErrorQueue.clear()
  }

  init(client configuration: TLSConfiguration) throws(TLSError) {
    handle = try Self.make(TLS_client_method())
    isServer = false
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
    // 0 is success here, unlike elsewhere.
    guard SSL_CTX_set_alpn_protos(handle, Self.alpn, UInt32(Self.alpn.count)) == 0 else {
      throw TLSError("cannot set up TLS", cause: TLSErrorQueue.take().text)
    }
    try load(configuration)
  }

  deinit { SSL_CTX_free(handle) }

  private static func make(_ method: OpaquePointer?) throws(TLSError) -> OpaquePointer {
    TLSErrorQueue.clear()
    guard let handle = SSL_CTX_new(method), sluice_SSL_CTX_only_TLS13(handle) == 1 else {
      throw TLSError("cannot set up TLS", cause: TLSErrorQueue.take().text)
    }
    sluice_SSL_CTX_no_session_cache(handle)
    // Without this an encrypted key would ask for its password on the terminal.
    SSL_CTX_set_default_passwd_cb(handle) { _, _, _, _ in 0 }
    return handle
  }

  private func load(_ files: TLSConfiguration) throws(TLSError) {
    try check(
      files.certificateChainFile,
      "certificate chain",
      SSL_CTX_use_certificate_chain_file(handle, files.certificateChainFile)
    )
    if let certificate = SSL_CTX_get0_certificate(handle),
      X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0
    {
      throw TLSError("the certificate in \(files.certificateChainFile) has expired")
    }
    try check(
      files.privateKeyFile,
      "private key",
      SSL_CTX_use_PrivateKey_file(handle, files.privateKeyFile, SSL_FILETYPE_PEM),
      belongingTo: files.certificateChainFile
    )
    try check(
      files.trustRootsFile,
      "trust roots",
      SSL_CTX_load_verify_file(handle, files.trustRootsFile)
    )
  }

  private func check(
    _ file: String,
    _ what: String,
    _ result: Int32,
    belongingTo certificate: String? = nil
  ) throws(TLSError) {
    guard result != 1 else { return }
    let error = TLSErrorQueue.take()
    if access(file, R_OK) != 0 {
      throw TLSError("cannot read the \(what) \(file): \(String(cString: strerror(errno)))")
    }
    // ERR_LIB_X509 (11), X509_R_KEY_VALUES_MISMATCH (116).
    if let certificate, error.code >> 23 & 0xFF == 11, error.code & 0x7F_FFFF == 116 {
      throw TLSError("the private key \(file) does not belong to the certificate \(certificate)")
    }
    throw TLSError("\(file) holds no usable \(what) in PEM form", cause: error.text)
  }

  /// The TLS side of one connection.
  /// - Parameter serverName: what a client's peer must be named: a DNS name or an IP address.
  func makeEngine(serverName: String? = nil) throws(TLSError) -> TLSEngine {
    TLSErrorQueue.clear()
    guard let ssl = SSL_new(handle) else {
      throw TLSError("cannot set up TLS", cause: TLSErrorQueue.take().text)
    }
    let engine = TLSEngine(owning: ssl, isServer: isServer)
    if let serverName { try engine.expect(serverName) }
    return engine
  }
}

/// Takes "h2" out of what a client offers, or ends the handshake.
private let selectProtocol: SSL_CTX_alpn_select_cb_func = {
  _,
  chosen,
  chosenLength,
  offered,
  length,
  _ in
  guard let offered, let chosen, let chosenLength else { return SSL_TLSEXT_ERR_ALERT_FATAL }
  let bytes = UnsafeBufferPointer(start: offered, count: Int(length))
  var index = 0
  while index < bytes.count {
    let size = Int(bytes[index])
    guard size < bytes.count - index else { break }
    if bytes[index...(index + size)].elementsEqual(TLSContext.alpn) {
      chosen.pointee = offered + index + 1
      chosenLength.pointee = UInt8(size)
      return SSL_TLSEXT_ERR_OK
    }
    index += size + 1
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL
}
