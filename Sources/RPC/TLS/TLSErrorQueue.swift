import COpenSSL

/// OpenSSL's per-thread queue of errors.
enum TLSErrorQueue {
  /// What an earlier call left would be taken for this one's.
  static func clear() { ERR_clear_error() }

  /// The newest error, and an empty queue.
  static func take() -> (code: UInt, text: String?) {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    guard code != 0 else { return (0, nil) }
    return (code, ERR_reason_error_string(code).map { String(cString: $0) })
  }
}
