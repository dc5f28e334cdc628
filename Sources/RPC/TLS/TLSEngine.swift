import COpenSSL
import Glibc
import NIOCore

/// One connection's TLS 1.3 over memory: encrypted and plain bytes in, plain and encrypted bytes
/// out. It knows no sockets.
final class TLSEngine {
  enum Progress {
    case needsBytes
    case done
  }

  private let ssl: OpaquePointer
  /// Encrypted bytes that OpenSSL has not read.
  private var incoming = ByteBuffer()
  /// Encrypted bytes for the peer; old ones when they were taken already.
  private var outgoing = ByteBuffer()
  private var outgoingIsTaken = false

  /// A TLS record holds no more.
  private static let recordLength = 16 * 1024

  init(owning ssl: OpaquePointer, isServer: Bool) {
    self.ssl = ssl
    let bio = TLSEngineBIO.make(for: self)
    // The SSL owns it from here on, once for each direction.
    SSL_set_bio(ssl, bio, bio)
    if isServer { SSL_set_accept_state(ssl) } else { SSL_set_connect_state(ssl) }
  }

  deinit { SSL_free(ssl) }

  /// Has the peer's certificate checked for this name.
  func expect(_ serverName: String) throws(TLSError) {
    // Bytes, not in6_addr: NIO's C module has that type as well, and which of the two modules gives
    // its initialiser differs from build to build.
    var address = [UInt8](repeating: 0, count: 16)
    let isAddress =
      inet_pton(AF_INET, serverName, &address) == 1
      || inet_pton(AF_INET6, serverName, &address) == 1
    let isSet =
      isAddress
      ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName) == 1
        // RFC 6066, section 3: an address is not sent as a server name.
      : SSL_set1_host(ssl, serverName) == 1 && sluice_SSL_set_server_name(ssl, serverName) == 1
    guard isSet else {
      throw TLSError("\(serverName) cannot be a server's name", cause: TLSErrorQueue.take().text)
    }
  }

  // MARK: Encrypted bytes

  /// Takes what has arrived; `handshake` and `read` look at it.
  func receive(_ bytes: ByteBuffer) {
    if incoming.readableBytes == 0 {
      incoming = bytes
    } else {
      incoming.writeImmutableBuffer(bytes)
    }
  }

  /// What is to be sent to the peer; nil when there is nothing.
  func takeOutput() -> ByteBuffer? {
    guard !outgoingIsTaken, outgoing.readableBytes > 0 else { return nil }
    outgoingIsTaken = true
    return outgoing
  }

  /// Gives OpenSSL the next bytes.
  /// - Returns: how many; 0 when there are none yet.
  fileprivate func moveIncoming(to target: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(target.count, incoming.readableBytes)
    guard count > 0 else { return 0 }
    incoming.readWithUnsafeReadableBytes { bytes in
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      return count
    }
    // The channel reads into this memory again once nobody holds it.
    if incoming.readableBytes == 0 { incoming = ByteBuffer() }
    return count
  }

  fileprivate func appendOutgoing(_ bytes: UnsafeRawBufferPointer) {
    if outgoingIsTaken {
      // Keeps the memory when what was taken has left.
      outgoing.clear()
      outgoingIsTaken = false
    }
    outgoing.writeBytes(bytes)
  }

  // MARK: Handshake

  /// - Throws: `TLSError` that says what was wrong with the peer or with us in its eyes.
  func handshake() throws(TLSError) -> Progress {
    TLSErrorQueue.clear()
    let result = SSL_do_handshake(ssl)
    if result == 1 {
      try checkProtocol()
      return .done
    }
    // WANT_READ is the only want: memory takes every write.
    if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return .needsBytes }
    throw failure()
  }

  private func checkProtocol() throws(TLSError) {
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &name, &length)
    let chosen = UnsafeBufferPointer(start: name, count: Int(length))
    guard chosen.elementsEqual(TLSContext.alpn.dropFirst()) else {
      throw TLSError("the peer does not speak HTTP/2 over TLS (ALPN h2)")
    }
  }

  private func failure() -> TLSError {
    let error = TLSErrorQueue.take()
    let verdict = SSL_get_verify_result(ssl)
    guard verdict == Int(X509_V_OK) else {
      let text = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "unknown"
      return TLSError(Self.explanation(ofVerdict: verdict), cause: text)
    }
    return TLSError(Self.explanation(ofReason: error.code & 0x7F_FFFF), cause: error.text)
  }

  private static func explanation(ofVerdict verdict: Int) -> String {
    switch Int32(truncatingIfNeeded: verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED: "the peer's certificate has expired"
    case X509_V_ERR_CERT_NOT_YET_VALID: "the peer's certificate is not valid yet"
    case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
      "the server's certificate is for another name"
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
      X509_V_ERR_CERT_SIGNATURE_FAILURE:
      "the peer's certificate is not from a trusted authority"
    default: "the peer's certificate was refused"
    }
  }

  private static func explanation(ofReason reason: UInt) -> String {
    // An alert from the peer is reason 1000 + its number (RFC 8446, section 6.2).
    switch reason {
    case UInt(SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE): "the client showed no certificate"
    case 1042, 1044, 1046: "the peer refused our certificate"
    case 1045: "the peer says that our certificate has expired"
    case 1048: "the peer does not trust the authority of our certificate"
    case 1116: "the peer demands a certificate"
    case 1120: "the peer does not speak HTTP/2 over TLS (ALPN h2)"
    case UInt(SSL_R_UNSUPPORTED_PROTOCOL), UInt(SSL_R_WRONG_VERSION_NUMBER), 1070:
      "the peer does not speak TLS 1.3"
    case UInt(SSL_R_HTTP_REQUEST): "the peer speaks HTTP without TLS"
    default: "the TLS connection failed"
    }
  }

  /// The identity in the peer's certificate: the first URI SAN of the expected form.
  var peerIdentity: PeerIdentity? {
    guard let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
    defer { X509_free(certificate) }
    guard let raw = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else {
      return nil
    }
    let names = OpaquePointer(raw)
    defer { GENERAL_NAMES_free(names) }
    var index: Int32 = 0
    var bytes: UnsafePointer<UInt8>?
    while true {
      let length = sluice_next_uri(names, &index, &bytes)
      guard length >= 0 else { return nil }
      let uri = String(
        decoding: UnsafeBufferPointer(start: bytes, count: Int(length)),
        as: UTF8.self
      )
      if let identity = PeerIdentity(uri: uri) { return identity }
    }
  }

  // MARK: Plain bytes

  /// Appends what could be decrypted.
  /// - Returns: false when the peer has said goodbye.
  func read(into buffer: inout ByteBuffer) throws(TLSError) -> Bool {
    while true {
      TLSErrorQueue.clear()
      var count = 0
      let result = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.recordLength) {
        let result = SSL_read_ex(ssl, $0.baseAddress, $0.count, &count)
        return result == 1 ? count : 0
      }
      if result > 0 { continue }
      switch SSL_get_error(ssl, 0) {
      case SSL_ERROR_WANT_READ: return true
      case SSL_ERROR_ZERO_RETURN: return false
      default: throw failure()
      }
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(TLSError) {
    guard bytes.count > 0 else { return }
    TLSErrorQueue.clear()
    var written = 0
    guard SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &written) == 1, written == bytes.count
    else { throw failure() }
  }

  /// Says goodbye (close_notify).
  func shutDown() {
    TLSErrorQueue.clear()
    SSL_shutdown(ssl)
    TLSErrorQueue.clear()
  }
}

/// What OpenSSL reads encrypted bytes from and writes them to: an engine's buffers. OpenSSL's own BIO
/// for memory copies what arrived once more, and clears all of its memory whenever it was emptied.
private enum TLSEngineBIO {
  /// OpenSSL's table of functions.
  ///
  /// Safety: made once, never changed or freed.
  nonisolated(unsafe) private static let method: OpaquePointer? = {
    let type = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
    guard let method = BIO_meth_new(type, "TLSEngine") else { return nil }
    BIO_meth_set_read_ex(method, read)
    BIO_meth_set_write_ex(method, write)
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return method
  }()

  static func make(for engine: TLSEngine) -> OpaquePointer? {
    guard let method, let bio = BIO_new(method) else { return nil }
    // Safety: unretained. The engine owns the SSL, which owns this BIO; it frees it in `deinit`, and
    // freeing reads and writes nothing.
    BIO_set_data(bio, Unmanaged.passUnretained(engine).toOpaque())
    BIO_set_init(bio, 1)
    return bio
  }

  /// BIO_set_retry_read, which is a macro: SSL_ERROR_WANT_READ comes of it.
  private static let wantsRead = BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY

  private static func engine(_ bio: OpaquePointer?) -> TLSEngine? {
    BIO_get_data(bio).map { Unmanaged<TLSEngine>.fromOpaque($0).takeUnretainedValue() }
  }

  private static let read:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<CChar>?, Int, UnsafeMutablePointer<Int>?
    ) -> Int32 = { bio, target, length, count in
      BIO_clear_flags(bio, wantsRead)
      guard let engine = engine(bio), let count else { return 0 }
      count.pointee = engine.moveIncoming(
        to: UnsafeMutableRawBufferPointer(start: target, count: length)
      )
      if count.pointee == 0 { BIO_set_flags(bio, wantsRead) }
      return count.pointee > 0 ? 1 : 0
    }

  private static let write:
    @convention(c) (
      OpaquePointer?, UnsafePointer<CChar>?, Int, UnsafeMutablePointer<Int>?
    ) -> Int32 = { bio, bytes, length, count in
      guard let engine = engine(bio), let count else { return 0 }
      engine.appendOutgoing(UnsafeRawBufferPointer(start: bytes, count: length))
      count.pointee = length
      return 1
    }
}
