import Crypto

/// A public key as OpenSSH writes it: `ssh-ed25519 AAAA… comment`.
struct SSHPublicKey: Sendable, Equatable {
  var type: String
  /// In the form of RFC 4253, section 6.6.
  var blob: [UInt8]

  /// - Parameter line: of authorized_keys or known_hosts; words before the type are passed over.
  init?(line: String) {
    let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
    for (index, word) in words.enumerated() where Self.types.contains(String(word)) {
      guard index + 1 < words.count, let blob = Base64.decode(String(words[index + 1])) else {
        return nil
      }
      // The blob says its type once more.
      let name = Array(word.utf8)
      let length = [0, 0, 0, UInt8(truncatingIfNeeded: name.count)]
      guard blob.starts(with: length + name), blob.count > name.count + 4 else { return nil }
      type = String(word)
      self.blob = blob
      return
    }
    return nil
  }

  static let types = [
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
  ]

  var line: String { "\(type) \(Base64.encode(blob))" }

  /// `SHA256:` and 43 characters, as `ssh-keygen -l` prints it.
  var fingerprint: String {
    "SHA256:" + String(Base64.encode(SHA256.digest(blob).bytes).prefix { $0 != "=" })
  }

  /// What is to be negotiated so that the server shows this key: an RSA key signs by SHA-2 (RFC 8332).
  var algorithms: String { type == "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type }
}

/// What an operator confirmed of a bastion's host key.
enum SSHHostKey: Sendable, Equatable {
  case fingerprint(String)
  case key(SSHPublicKey)

  init?(_ text: String) {
    let words = text.split(whereSeparator: { $0 == " " || $0 == "\t" })
    if let word = words.first(where: { $0.hasPrefix("SHA256:") }) {
      // 32 bytes in base64 without the padding.
      guard let digest = Base64.decode(String(word.dropFirst(7)) + "="), digest.count == 32 else {
        return nil
      }
      self = .fingerprint(String(word))
    } else if let key = SSHPublicKey(line: text) {
      self = .key(key)
    } else {
      return nil
    }
  }

  var fingerprint: String {
    switch self {
    case .fingerprint(let text): text
    case .key(let key): key.fingerprint
    }
  }
}
