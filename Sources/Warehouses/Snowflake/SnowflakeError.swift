import SyncModel
import Warehouse

/// What the SQL API answers when it does not answer with a result.
struct SnowflakeError: Error, Sendable {
  var status: Int
  /// Six digits; empty where the body had none.
  var code: String
  var sqlState: String
  var message: String
  var handle: String?

  init(status: Int, code: String, sqlState: String = "", message: String = "") {
    self.status = status
    self.code = code
    self.sqlState = sqlState
    self.message = message
  }

  /// - Parameter body: JSON, or whatever a proxy on the way wrote.
  init(status: Int, body: [UInt8]) {
    let value = JSONValue(body)
    self.status = status
    code = value?["code"]?.string ?? ""
    sqlState = value?["sqlState"]?.string ?? ""
    handle = value?["statementHandle"]?.string
    message = SnowflakeError.printable(
      value?["message"]?.string ?? (value == nil ? String(decoding: body, as: UTF8.self) : "")
    )
  }

  /// For operators' logs.
  var description: String {
    "HTTP \(status), code \(code.isEmpty ? "none" : code), sqlState "
      + "\(sqlState.isEmpty ? "none" : sqlState), statement \(handle ?? "none"): \(message)"
  }

  /// One line without control characters, at most 500 characters.
  static func printable(_ text: String) -> String {
    let words = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 }
    var line = String.UnicodeScalarView()
    line.append(contentsOf: words.prefix(500))
    return String(line)
  }

  /// It does not know the key: another one may do. Not so where it knows the user and keeps them out.
  var isOfLogin: Bool { status == 401 && !["390422", "390189"].contains(code) }

  /// The server may answer otherwise a moment later.
  var isTransient: Bool { code == "390505" || [429, 500, 502, 503, 504].contains(status) }
}
