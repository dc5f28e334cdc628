import Crypto
import RPC
import SyncModel

/// Google's JSON key file of a service account: who it is, and its private key.
struct ServiceAccount: Sendable, Equatable {
  var email: String
  var projectID: String
  var keyID: String
  var tokenURI: String

  /// Where Google itself exchanges assertions; anything else must be allowed by the operator.
  private static let googleHosts = [
    "oauth2.googleapis.com", "accounts.google.com", "www.googleapis.com",
  ]

  /// Whether the file's `token_uri` is Google's.
  var isGoogles: Bool { Self.host(of: tokenURI).map(Self.googleHosts.contains) ?? false }

  /// The file's fields that are not secret, as the credential's details.
  var details: [String: String] {
    [
      "client_email": email, "project_id": projectID, "private_key_id": keyID,
      "token_uri": tokenURI,
    ]
  }

  init?(details: [String: String]) {
    guard let email = details["client_email"], let keyID = details["private_key_id"],
      let tokenURI = details["token_uri"]
    else { return nil }
    self.email = email
    self.keyID = keyID
    self.tokenURI = tokenURI
    projectID = details["project_id"] ?? ""
  }

  /// Reads the file.
  /// - Parameter hosts: `host` or `host:port` of token endpoints besides Google's.
  /// - Returns: the account and its key.
  /// - Throws: INVALID_ARGUMENT `invalid_service_account` that names the field.
  static func read(
    _ file: SecretBytes,
    allowing hosts: [String]
  ) throws(RPCError) -> (ServiceAccount, RSAKeyPair) {
    let account: ServiceAccount
    let pem: SecretBytes
    (account, pem) = try file.withUnsafeBytes { (bytes) throws(RPCError) in
      var scanner = JSONScanner()
      let object: JSONObject
      do throws(JSONError) {
        object = try scanner.object(in: bytes)
      } catch {
        throw refusal("the service account's key file is not JSON (\(error))")
      }
      guard try text("type", object) == "service_account" else {
        throw refusal(
          "the key file's \"type\" is not \"service_account\": in the Google Cloud console, choose "
            + "the service account, then Keys, Add key, JSON"
        )
      }
      var account = ServiceAccount(details: [
        "client_email": try text("client_email", object),
        "private_key_id": try text("private_key_id", object),
        "token_uri": try text("token_uri", object),
      ])
      account?.projectID = (try? text("project_id", object)) ?? ""
      guard let account else { throw refusal("the key file is incomplete") }
      return (account, try privateKey(object))
    }
    try account.check(allowing: hosts)
    do throws(CryptoError) {
      return (account, try RSAKeyPair(importing: pem, passphrase: nil))
    } catch {
      throw refusal("the key file's \"private_key\": \(error.message)")
    }
  }

  private func check(allowing hosts: [String]) throws(RPCError) {
    guard let host = Self.host(of: tokenURI) else {
      throw Self.refusal("the key file's \"token_uri\" is not a URL: \(tokenURI)")
    }
    if Self.googleHosts.contains(host), tokenURI.hasPrefix("https://") { return }
    // An operator who lists a host has thought about it, also about http in a test.
    guard hosts.contains(host) else {
      throw Self.refusal(
        "the key file's \"token_uri\" \(tokenURI) is not Google's; an operator can allow its host "
          + "with SLUICE_TOKEN_HOSTS"
      )
    }
  }

  /// `host` or `host:port` of an http(s) URL without user or password; nil for anything else.
  private static func host(of url: String) -> String? {
    for scheme in ["https://", "http://"] where url.hasPrefix(scheme) {
      let host = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      guard !host.isEmpty, !host.contains("@"), host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
      else { return nil }
      return host.lowercased()
    }
    return nil
  }

  /// One line of text.
  private static func text(_ name: StaticString, _ object: JSONObject) throws(RPCError) -> String {
    guard let member = object.first(name), member.kind == .string else {
      throw refusal("the key file has no \"\(name)\"")
    }
    var sink = ByteSink(capacity: member.value.count)
    JSONText.unescape(
      UnsafeRawBufferPointer(rebasing: member.value.dropFirst().dropLast()),
      into: &sink
    )
    let text = String(decoding: sink.bytes, as: UTF8.self)
    try RequestChecks.line(text, of: "key file's \"\(name)\"", atMost: 1024)
    guard !text.isEmpty else { throw refusal("the key file's \"\(name)\" is empty") }
    return text
  }

  /// The PEM with its lines, whatever became of its line breaks on the way: as they are, with CR, or
  /// escaped twice so that a backslash and an n are left.
  private static func privateKey(_ object: JSONObject) throws(RPCError) -> SecretBytes {
    guard let member = object.first("private_key"), member.kind == .string else {
      throw refusal("the key file has no \"private_key\"")
    }
    var sink = ByteSink(capacity: member.value.count)
    JSONText.unescape(
      UnsafeRawBufferPointer(rebasing: member.value.dropFirst().dropLast()),
      into: &sink
    )
    var count = 0
    let bytes = sink.bytes
    return SecretBytes(count: bytes.count) { out in
      var index = 0
      while index < bytes.count {
        let byte = bytes[index]
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        index += 1
        switch (byte, next) {
        case (UInt8(ascii: "\r"), _): continue
        case (UInt8(ascii: "\\"), UInt8(ascii: "r")): index += 1
        case (UInt8(ascii: "\\"), UInt8(ascii: "n")):
          index += 1
          out[count] = UInt8(ascii: "\n")
          count += 1
        default:
          out[count] = byte
          count += 1
        }
      }
      // What is left stays zero: PEM ends with its last line.
      while count < out.count {
        out[count] = UInt8(ascii: "\n")
        count += 1
      }
    }
  }

  private static func refusal(_ message: String) -> RPCError {
    .invalid(message, reason: "invalid_service_account")
  }
}
