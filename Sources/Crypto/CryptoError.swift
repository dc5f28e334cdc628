/// Why a cryptographic step failed. Never holds key material or plaintext.
public struct CryptoError: Error, Sendable, Equatable {
  public enum Kind: Sendable, Equatable {
    /// Ciphertext, associated data or key do not belong together: tampered with, or the wrong key.
    case authentication
    /// A key, nonce or output of a length that the algorithm does not take.
    case size
    /// Text or bytes that are not what they should be: PEM, a name, an address.
    case format
    /// A file that cannot be read or written.
    case file
    /// The library could not do it: no memory, no randomness, an algorithm that is switched off.
    case library
  }

  public var kind: Kind
  /// What was being done and what was wrong, fit for an operator.
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}

extension CryptoError: CustomStringConvertible {
  public var description: String { message }
}
