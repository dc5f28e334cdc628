import Crypto
import RPC
import VaultAPI

/// What a request may hold. Everything that gets past here is safe in a log line and in a key.
enum RequestChecks {
  static let passwordLengths = 1...65_536
  private static let longestUsername = 1024

  /// 1 to 128 of a-z, A-Z, 0-9, `.`, `_` and `-`.
  static func name(_ text: String, of what: String) throws(RPCError) {
    let isGood =
      1...128 ~= text.utf8.count
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
    guard isGood else {
      throw .invalid(
        "the \(what) must have 1 to 128 letters (a-z, A-Z), digits, \".\", \"_\" or \"-\"",
        reason: "invalid_name"
      )
    }
  }

  static func username(_ text: String) throws(RPCError) {
    try line(text, of: "username", atMost: longestUsername)
  }

  static func secret(_ request: PutCredentialRequest) throws(RPCError) {
    switch request.type {
    case .password:
      guard passwordLengths.contains(request.secret.count) else {
        throw .invalid(
          request.secret.isEmpty
            ? "the password is empty"
            : "the password has \(request.secret.count) bytes; at most "
              + "\(passwordLengths.upperBound) are kept",
          reason: "invalid_secret"
        )
      }
      guard request.keyBits == 0 else {
        throw .invalid("key_bits is for key pairs, not for a password", reason: "invalid_secret")
      }
    case .keyPair:
      guard request.secret.isEmpty else {
        throw .invalid(
          "the vault makes key pairs itself: give no secret for one",
          reason: "invalid_secret"
        )
      }
      let bits = RSAKeyPair.permittedBits
      guard request.keyBits == 0 || bits.contains(Int(request.keyBits)) else {
        throw .invalid(
          "a key pair has \(bits.lowerBound) to \(bits.upperBound) bits, not \(request.keyBits)",
          reason: "invalid_key_bits"
        )
      }
    case .unspecified:
      throw .invalid("the type must be password or key_pair", reason: "invalid_type")
    }
  }

  /// One line of text, for a log.
  static func line(_ text: String, of what: String, atMost limit: Int) throws(RPCError) {
    guard text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw .invalid(
        "the \(what) must have at most \(limit) bytes and no control characters",
        reason: "invalid_text"
      )
    }
  }
}
