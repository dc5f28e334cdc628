import COpenSSL

/// Calls OpenSSL with a clean error queue, and turns its failure into a `CryptoError`.
///
/// The queue belongs to the thread and keeps what earlier calls left there: without clearing it
/// first, a failure would be reported with somebody else's reason.
enum OpenSSL {
  /// A call that answers 1 (or more) for success.
  static func check(
    _ action: @autoclosure () -> String,
    kind: CryptoError.Kind = .library,
    _ call: () -> CInt
  ) throws(CryptoError) {
    ERR_clear_error()
    guard call() > 0 else { throw failure(action(), kind: kind) }
  }

  /// A call that answers an object, or NULL for failure.
  static func make<Object>(
    _ action: @autoclosure () -> String,
    kind: CryptoError.Kind = .library,
    _ call: () -> Object?
  ) throws(CryptoError) -> Object {
    ERR_clear_error()
    guard let object = call() else { throw failure(action(), kind: kind) }
    return object
  }

  /// The error for `action`, with the reasons in the queue, oldest first; empties the queue.
  static func failure(_ action: String, kind: CryptoError.Kind) -> CryptoError {
    var reasons: [String] = []
    while true {
      let code = ERR_get_error()
      guard code != 0 else { break }
      reasons.append(ERR_reason_error_string(code).map { String(cString: $0) } ?? "code \(code)")
    }
    let detail = reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; ")
    return CryptoError(kind, "cannot \(action): \(detail)")
  }
}
