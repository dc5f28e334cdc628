public import SyncModel

/// Headers by which a webhook's receiver knows who sent it, when, and whether it came before.
///
/// - `Idempotency-Key`: the same for every attempt at one message.
/// - `Sluice-Signature`: `t=1704067200,v1=5257a8…`: the second it was signed at, and the lower-case hex
///   HMAC-SHA256 of `id.t.body`: the key of `Idempotency-Key`, a dot, the digits of `t`, a dot, the body
///   byte for byte. While a secret is changed there is one `v1` for each; one that fits is enough.
///
/// docs/webhooks.md tells a receiver how to check it.
public struct WebhookSigner: Sendable {
  /// The HMAC-SHA256 of a message, 32 bytes: the key stays with whoever has it.
  public typealias Authenticate = @Sendable (_ message: [UInt8]) throws -> [UInt8]

  public static let signatureHeader = "Sluice-Signature"
  public static let idempotencyHeader = "Idempotency-Key"

  private let secrets: [Authenticate]

  /// - Parameter secrets: one, or the new and the old one while the receiver changes over.
  public init(_ secrets: [Authenticate]) { self.secrets = secrets }

  /// A POST of `body` that may be sent again: it carries its id.
  /// - Parameter id: 1 to 128 letters, digits, `-`, `_`; the same at each attempt.
  /// - Throws: `FetchError` `invalidRequest` for an id of another form; what a secret throws.
  public func request(
    to url: HTTPURL,
    body: [UInt8],
    contentType: String = "application/json",
    id: String,
    at now: Timestamp
  ) throws -> HTTPRequest {
    guard (1...128).contains(id.utf8.count), id.utf8.allSatisfy({ Self.isPlain($0) }) else {
      throw FetchError(.invalidRequest, "a webhook's id has 1 to 128 letters, digits, - or _")
    }
    var headers = HTTPHeaders()
    try headers.add("Content-Type", contentType)
    try headers.add(Self.idempotencyHeader, id)
    try headers.add(Self.signatureHeader, signature(body: body, id: id, at: now))
    var request = HTTPRequest(.post, url, headers: headers, body: body)
    request.isIdempotent = true
    // Chat services put their secret in the path.
    request.hidesPath = true
    return request
  }

  /// The value of `Sluice-Signature`.
  public func signature(body: [UInt8], id: String, at now: Timestamp) throws -> String {
    let seconds = CivilSeconds.since1970(now)
    let message = Array("\(id).\(seconds).".utf8) + body
    let codes = try secrets.map { try "v1=" + LowerHex.encode($0(message)) }
    return (["t=\(seconds)"] + codes).joined(separator: ",")
  }

  // A dot would make two messages of one.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
    default: false
    }
  }
}

private enum CivilSeconds {
  /// Rounded down.
  static func since1970(_ time: Timestamp) -> Int64 {
    let (seconds, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return rest < 0 ? seconds - 1 : seconds
  }
}

/// An engine does not import another: Crypto's `Hex` is out of reach here.
private enum LowerHex {
  static func encode(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }
}
