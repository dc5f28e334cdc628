import HTTPFetch
import SyncModel

/// What went wrong between here and Google, and texts in URLs.
enum BigQueryFailure {
  static func transport(_ error: FetchError, what: String) -> Failure {
    func failure(_ code: String, _ recovery: Recovery, _ advice: String = "") -> Failure {
      Failure(
        code,
        "\(what) failed: \(error.message)"
          + (advice.isEmpty ? recovery == .retry ? "; it is tried again" : "" : "; \(advice)"),
        recovery: recovery,
        cause: error.description
      )
    }
    return switch error.kind {
    case .hostNotFound: failure("host_not_found", .retry)
    case .cannotConnect: failure("connection_refused", .retry)
    case .timeout: failure("connect_timeout", .retry)
    case .tls:
      failure(
        "tls_failed",
        .needsOperator,
        "where certificates are a proxy's or your own, name their authority with the setting \"caFile\""
      )
    case .notAllowed: failure("address_refused", .needsOperator)
    case .invalidRequest, .invalidSetting: failure("invalid_settings", .needsOperator)
    case .closed: failure("connection_closed", .failRun)
    case .connectionLost, .truncated, .badEncoding, .overloaded, .unavailable:
      failure("connection_lost", .retry)
    case .protocolViolation, .bodyTooLarge, .headersTooLarge, .refused:
      failure("bad_answer", .failRun)
    }
  }

  /// An answer that is not what the API's description says.
  static func badAnswer(_ what: String) -> Failure {
    Failure("bad_answer", "BigQuery's answer cannot be used: \(what)", recovery: .failRun)
  }
}

/// Parts of URLs (RFC 3986, section 2.1).
enum URLText {
  static func encoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(byte)
      default:
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
