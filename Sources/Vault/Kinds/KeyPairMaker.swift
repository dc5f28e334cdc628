import Crypto
import RPC
import SQLDatabase
import Synchronization

/// Makes and reads key pairs, one after the other, on a thread of its own: one takes up to seconds of
/// a core, which the cooperative pool must not be without.
final class KeyPairMaker: Sendable {
  /// How many callers may wait.
  static let limit = 8

  private let thread: BlockingThread
  private let waiting = Mutex(0)

  init() throws { thread = try BlockingThread(name: "key-pairs") }

  func rsa(bits: Int) async throws -> RSAKeyPair {
    try await taking { try RSAKeyPair.generate(bits: bits) }
  }

  func ssh(_ algorithm: SSHKeyPair.Algorithm, bits: Int) async throws -> SSHKeyPair {
    try await taking { try SSHKeyPair.generate(algorithm, bits: bits) }
  }

  /// - Throws: INVALID_ARGUMENT `invalid_key` saying what is wrong with the key or its passphrase.
  func importing(_ pem: SecretBytes, passphrase: SecretBytes?) async throws -> RSAKeyPair {
    do {
      return try await taking { try RSAKeyPair(importing: pem, passphrase: passphrase) }
    } catch let error as CryptoError {
      throw RPCError.invalid(error.message, reason: "invalid_key")
    }
  }

  /// - Throws: RESOURCE_EXHAUSTED while `limit` are asked for already.
  private func taking<Pair: Sendable>(
    _ make: @escaping @Sendable () throws -> Pair
  ) async throws -> Pair {
    let mayWait = waiting.withLock { waiting in
      guard waiting < Self.limit else { return false }
      waiting += 1
      return true
    }
    guard mayWait else {
      throw RPCError(
        .resourceExhausted,
        "\(Self.limit) key pairs are being made already; try again",
        reason: "too_many_key_pairs"
      )
    }
    defer { waiting.withLock { $0 -= 1 } }
    return try await thread.run(make)
  }
}
