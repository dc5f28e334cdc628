import Crypto
import RPC
import SQLDatabase
import Synchronization

/// Makes RSA key pairs, one after the other, on a thread of its own: one takes up to seconds of a
/// core, which the cooperative pool must not be without.
final class KeyPairMaker: Sendable {
  /// How many callers may wait.
  static let limit = 8

  private let thread: BlockingThread
  private let waiting = Mutex(0)

  init() throws { thread = try BlockingThread(name: "key-pairs") }

  /// - Throws: RESOURCE_EXHAUSTED while `limit` pairs are asked for already.
  func make(bits: Int) async throws -> RSAKeyPair {
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
    return try await thread.run { try RSAKeyPair.generate(bits: bits) }
  }
}
