/// Where a process's identity for mutual TLS lies: PEM files, read when a server starts or a client
/// connects, so that a rotated certificate is used from the next connection on.
public struct TLSConfiguration: Sendable, Hashable {
  /// The process's certificate, then those between it and the root.
  public var certificateChainFile: String
  /// Its private key, not encrypted.
  public var privateKeyFile: String
  /// The authorities whose certificates a peer may show.
  public var trustRootsFile: String
  /// Has a server overwrite decrypted bytes and unencrypted ones as soon as they are used: for one
  /// whose messages are secrets, which would lie in its connections' buffers until the next message.
  public var wipesPlaintext: Bool

  public init(
    certificateChainFile: String,
    privateKeyFile: String,
    trustRootsFile: String,
    wipesPlaintext: Bool = false
  ) {
    self.certificateChainFile = certificateChainFile
    self.privateKeyFile = privateKeyFile
    self.trustRootsFile = trustRootsFile
    self.wipesPlaintext = wipesPlaintext
  }
}

/// What is wrong with certificates: with our own files, or with what a peer showed.
public struct TLSError: Error, Sendable, CustomStringConvertible {
  /// Names the file or the peer's fault; never a secret.
  public var message: String
  /// OpenSSL's own words.
  public var cause: String?

  init(_ message: String, cause: String? = nil) {
    self.message = message
    self.cause = cause
  }

  public var description: String { cause.map { "\(message) (\($0))" } ?? message }
}
