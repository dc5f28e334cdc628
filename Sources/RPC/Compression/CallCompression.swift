import Synchronization

/// Whether and how the messages of one call are compressed; callable from any thread.
struct CallCompression: ~Copyable, Sendable {
  private enum Sending: UInt8, AtomicRepresentable {
    case plain
    /// A handler may ask for compression until its first message.
    case undecided
    case gzip
  }

  private let sending: Atomic<Sending>
  private let limit = Atomic<Int>(0)
  private let last = Atomic<Bool>(false)

  init(_ compression: MessageCompression?) {
    sending = Atomic(compression == .gzip ? .gzip : .plain)
  }

  /// As a server's call begins; the limit is its connection's and stays.
  func reset() {
    sending.store(.plain, ordering: .relaxed)
    last.store(false, ordering: .relaxed)
  }

  // MARK: Sending

  /// The peer takes compressed messages; called before the handler begins.
  func allow() { sending.store(.undecided, ordering: .relaxed) }

  /// Has messages compressed from here on.
  /// - Returns: false when the peer does not take that, or a message was sent before.
  func begin() -> Bool {
    sending.compareExchange(expected: .undecided, desired: .gzip, ordering: .relaxed).original
      != .plain
  }

  /// Whether the next message is compressed; it is called before the first is sent, and from there
  /// on a response cannot begin to be: its header list says `grpc-encoding` or does not.
  func decide() -> Bool {
    switch sending.load(ordering: .relaxed) {
    case .plain: return false
    case .gzip: return true
    case .undecided:
      let result = sending.compareExchange(
        expected: .undecided,
        desired: .plain,
        ordering: .relaxed
      )
      return result.original == .gzip
    }
  }

  /// Whether `grpc-encoding` is gzip; known when the first message has come.
  var isOn: Bool { sending.load(ordering: .relaxed) == .gzip }

  func encode(_ message: [UInt8]) -> PrefixedMessage {
    guard let shorter = Gzip.compressed(message) else { return PrefixedMessage(bytes: message) }
    return PrefixedMessage(bytes: shorter, isCompressed: true)
  }

  // MARK: Receiving

  /// Greatest length of a decompressed message; the loop sets it before the first one comes.
  var maximumMessageBytes: Int {
    get { limit.load(ordering: .relaxed) }
    nonmutating set { limit.store(newValue, ordering: .relaxed) }
  }

  /// Of the message that was taken last.
  var lastWasCompressed: Bool { last.load(ordering: .relaxed) }

  /// Notes whether the message that is taken now is compressed.
  /// - Returns: whether the one before was otherwise.
  func note(_ message: PrefixedMessage) -> Bool {
    guard message.isCompressed != lastWasCompressed else { return false }
    last.store(message.isCompressed, ordering: .relaxed)
    return true
  }

  func decode(_ message: PrefixedMessage) throws(RPCError) -> [UInt8] {
    guard message.isCompressed else { return message.bytes }
    return try Gzip.decompressed(message.bytes, limit: maximumMessageBytes)
  }
}
