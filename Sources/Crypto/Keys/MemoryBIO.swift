import COpenSSL

/// OpenSSL's stream over memory.
final class MemoryBIO {
  let pointer: OpaquePointer
  /// Keeps the memory that a reading BIO looks at.
  private let source: SecretBytes?

  /// For writing.
  init() throws(CryptoError) {
    source = nil
    // The secure-memory kind wipes its buffers when they grow and when they go (BIO_s_mem(3)).
    pointer = try OpenSSL.make("get memory") { BIO_new(BIO_s_secmem()) }
  }

  /// For reading `bytes`.
  init(reading bytes: SecretBytes) throws(CryptoError) {
    guard let count = CInt(exactly: bytes.count) else {
      throw CryptoError(.size, "\(bytes.count) bytes are too many for a PEM text")
    }
    source = bytes
    // Not lent for the call only: the BIO reads from it until it is released, and `source` keeps
    // the object, whose memory never moves.
    let memory = bytes.withUnsafeBytes { $0.baseAddress }
    pointer = try OpenSSL.make("read PEM text", kind: .format) { BIO_new_mem_buf(memory, count) }
  }

  deinit { BIO_free(pointer) }

  /// Lends what was written and not read yet.
  func withContents<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
    defer { withExtendedLifetime(self) {} }
    var start: UnsafeMutableRawPointer?
    // BIO_get_mem_data is a macro over this.
    let count = BIO_ctrl(pointer, BIO_CTRL_INFO, 0, &start)
    guard let start, count > 0 else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return body(UnsafeRawBufferPointer(start: start, count: count))
  }

  func secretContents() -> SecretBytes { withContents { SecretBytes(copying: $0) } }
  func textContents() -> String { withContents { String(decoding: $0, as: UTF8.self) } }
}
