import Crypto
import TestSupport
import Testing
import VaultAPI

extension VaultCaller {
  func signSSH(_ name: String, _ data: [UInt8]) async throws -> SSHSignature {
    try await asOrchestrator.signSSHUserAuth(
      SignSSHUserAuthRequest(workspace: "default", name: name, data: data, purpose: "tunnel")
    )
  }

  @discardableResult
  func putSSHKeyPair(algorithm: String) async throws -> PutCredentialResponse {
    try await asOperator.putCredential(
      PutCredentialRequest(
        workspace: "default",
        name: "tunnel",
        type: .sshKeyPair,
        username: "sluice",
        algorithm: algorithm
      )
    )
  }

  func signGoogle(
    _ name: String,
    scope: String = "",
    audience: String = ""
  ) async throws -> SignedToken {
    try await asOrchestrator.signGoogleAssertion(
      SignGoogleAssertionRequest(
        workspace: "default",
        name: name,
        scope: scope,
        audience: audience,
        purpose: "read",
        runId: "run-7"
      )
    )
  }
}

/// What an SSH client asks a key to sign (RFC 4252, section 7), each part as a test wants it.
struct SSHRequest {
  var session = [UInt8](repeating: 5, count: 32)
  var number: UInt8 = 50
  var user = "sluice"
  var service = "ssh-connection"
  var method = "publickey"
  var flag: UInt8 = 1
  var algorithm = "ssh-ed25519"
  var blob: [UInt8] = []
  var rest: [UInt8] = []

  var bytes: [UInt8] {
    var all = SSHWire.string(session) + [number]
    for text in [user, service, method] { all += SSHWire.string(Array(text.utf8)) }
    all.append(flag)
    return all + SSHWire.string(Array(algorithm.utf8)) + SSHWire.string(blob) + rest
  }
}

/// What openssl says of an SSH signature.
enum SSHVerdict {
  static func verifies(
    _ signature: [UInt8],
    of request: SSHRequest,
    _ directory: TemporaryDirectory
  ) throws -> Bool {
    let name = Array(request.algorithm.utf8)
    #expect(signature.starts(with: SSHWire.string(name)))
    // The name, then the signature itself, each after four bytes of length.
    try directory.keep(Array(signature.dropFirst(4 + name.count + 4)), as: "signature")
    try directory.keep(request.bytes, as: "signed")
    try directory.keep(Array(try publicKey(request, directory).utf8), as: "key.pem")
    let (key, file, mark) = (
      directory.file("key.pem"), directory.file("signed"), directory.file("signature")
    )
    let command =
      request.algorithm == "ssh-ed25519"
      ? [
        "openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", file, "-sigfile",
        mark,
      ]
      : [
        "openssl", "dgst", request.algorithm == "rsa-sha2-512" ? "-sha512" : "-sha256", "-verify",
        key, "-signature", mark, file,
      ]
    return try ChildProcess.run(command).status == 0
  }

  /// The key of the request in openssl's form.
  private static func publicKey(
    _ request: SSHRequest,
    _ directory: TemporaryDirectory
  ) throws -> String {
    guard request.algorithm == "ssh-ed25519" else {
      let (status, output) = try ChildProcess.run([
        "ssh-keygen", "-e", "-m", "PKCS8", "-f", directory.file("key.pub"),
      ])
      #expect(status == 0)
      return output
    }
    // SubjectPublicKeyInfo of Ed25519 (RFC 8410): a prefix that never changes, then the key.
    let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    return DER.pem("PUBLIC KEY", prefix + request.blob.suffix(32))
  }
}

enum Base64Text {
  static func decode(_ text: String) -> [UInt8]? {
    let url = text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : String($0) }.joined()
    return OpenSSLKeys.decodeBase64URL(url.filter { $0 != "=" })
  }
}
