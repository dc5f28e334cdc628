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

  /// Whether a put has what its type needs, and nothing else.
  static func put(_ request: PutCredentialRequest) throws(RPCError) {
    let type = request.type.name ?? ""
    if !request.type.isPair, request.keyBits != 0 {
      throw .invalid("key_bits is for key pairs, not for a \(type)", reason: "invalid_secret")
    }
    if request.type != .keyPair, !request.passphrase.isEmpty {
      throw .invalid("a passphrase is for a key_pair that is taken over", reason: "invalid_secret")
    }
    if request.type != .sshKeyPair, !request.algorithm.isEmpty {
      throw .invalid("an algorithm is for an ssh_key_pair", reason: "invalid_secret")
    }
    switch request.type {
    case .password: try length(request.secret, "password")
    case .serviceAccount: try length(request.secret, "key file")
    case .token, .apiKey: try token(request.secret, type)
    case .oauthClient:
      try user(request, "the client's id")
      try token(request.secret, "client secret")
    case .smtp:
      try user(request, "the login at the mail server")
      try length(request.secret, "password")
    case .keyPair: try keyPair(request.secret, request.passphrase, bits: request.keyBits)
    case .sshKeyPair:
      guard request.secret.isEmpty else {
        throw .invalid("the vault makes SSH keys itself: give no secret", reason: "invalid_secret")
      }
      guard request.algorithm.isEmpty || SSHKeyPair.Algorithm(rawValue: request.algorithm) != nil
      else { throw .invalid("the algorithm must be ed25519 or rsa", reason: "invalid_algorithm") }
      guard request.keyBits == 0 || request.algorithm == "rsa" else {
        throw .invalid("key_bits is for the algorithm rsa", reason: "invalid_key_bits")
      }
      try keyBits(request.keyBits)
    case .unspecified:
      let names = CredentialKind.names.joined(separator: ", ")
      throw .invalid("the type must be one of \(names)", reason: "invalid_type")
    }
  }

  /// A pair that is made (`secret` is empty) or taken over.
  static func keyPair(
    _ secret: [UInt8],
    _ passphrase: [UInt8],
    bits: UInt32
  ) throws(RPCError) {
    if secret.isEmpty, !passphrase.isEmpty {
      throw .invalid(
        "a passphrase was given, but no private key to decrypt with it",
        reason: "invalid_secret"
      )
    }
    if !secret.isEmpty, bits != 0 {
      throw .invalid("a key that is taken over has its own size", reason: "invalid_secret")
    }
    try keyBits(bits)
  }

  private static func keyBits(_ count: UInt32) throws(RPCError) {
    let bits = RSAKeyPair.permittedBits
    guard count == 0 || bits.contains(Int(count)) else {
      throw .invalid(
        "a key pair has \(bits.lowerBound) to \(bits.upperBound) bits, not \(count)",
        reason: "invalid_key_bits"
      )
    }
  }

  /// What every use of a secret says.
  static func use(
    _ workspace: String,
    _ name: String,
    _ purpose: String,
    _ runID: String
  ) throws(RPCError) {
    try Self.name(workspace, of: "workspace's name")
    try Self.name(name, of: "credential's name")
    try line(purpose, of: "purpose", atMost: 256)
    try line(runID, of: "run_id", atMost: 128)
  }

  private static func length(_ secret: [UInt8], _ what: String) throws(RPCError) {
    guard passwordLengths.contains(secret.count) else {
      throw .invalid(
        secret.isEmpty
          ? "the \(what) is empty"
          : "the \(what) has \(secret.count) bytes; at most \(passwordLengths.upperBound) are kept",
        reason: "invalid_secret"
      )
    }
  }

  /// It travels in an HTTP header, where a line break would be another header.
  private static func token(_ secret: [UInt8], _ what: String) throws(RPCError) {
    try length(secret, what)
    guard secret.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .invalid(
        "the \(what) has spaces or other than ASCII characters in it",
        reason: "invalid_secret"
      )
    }
  }

  private static func user(_ request: PutCredentialRequest, _ what: String) throws(RPCError) {
    guard !request.username.isEmpty else {
      throw .invalid("the username is missing: \(what)", reason: "invalid_username")
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
