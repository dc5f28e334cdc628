/// What an SSH client asks a key to sign when it signs in (RFC 4252, section 7; or OpenSSH's form of it
/// that names the server's key as well, its PROTOCOL file, section 1.2).
///
/// Read strictly, so that a key that signs these signs nothing else.
public struct SSHUserAuthRequest: Sendable, Equatable {
  /// The name at the server.
  public var user: String
  /// `ssh-ed25519`, `rsa-sha2-256` or `rsa-sha2-512`.
  public var algorithm: String
  public var publicKeyBlob: [UInt8]

  /// - Throws: kind `.format` for anything but a well-formed request to sign in with a public key,
  ///   for the service `ssh-connection`, with nothing after it.
  public init(_ bytes: [UInt8]) throws(CryptoError) {
    var rest = bytes[...]
    let session = try Self.string(&rest)
    guard (16...64).contains(session.count) else { throw Self.refusal("its session id") }
    guard rest.popFirst() == 50 else { throw Self.refusal("its message number") }
    user = try Self.text(&rest)
    guard try Self.text(&rest) == "ssh-connection" else { throw Self.refusal("its service") }
    let method = try Self.text(&rest)
    // OpenSSH's clients use the longer form wherever the server knows it.
    let isHostBound = method == "publickey-hostbound-v00@openssh.com"
    guard isHostBound || method == "publickey" else { throw Self.refusal("its method") }
    guard rest.popFirst() == 1 else { throw Self.refusal("its signature flag") }
    algorithm = try Self.text(&rest)
    publicKeyBlob = Array(try Self.string(&rest))
    if isHostBound, try Self.string(&rest).isEmpty { throw Self.refusal("its server's key") }
    guard rest.isEmpty else { throw Self.refusal("its end") }
  }

  private static func string(_ rest: inout ArraySlice<UInt8>) throws(CryptoError) -> ArraySlice<
    UInt8
  > {
    guard rest.count >= 4 else { throw refusal("its length") }
    let count = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    rest = rest.dropFirst(4)
    guard count <= rest.count else { throw refusal("its length") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private static func text(_ rest: inout ArraySlice<UInt8>) throws(CryptoError) -> String {
    guard let text = String(validating: try string(&rest), as: UTF8.self) else {
      throw refusal("its text")
    }
    return text
  }

  private static func refusal(_ part: String) -> CryptoError {
    CryptoError(.format, "this is no SSH request to sign in with a public key: \(part) is wrong")
  }
}
