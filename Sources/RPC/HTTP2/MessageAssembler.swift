/// Cuts DATA into gRPC messages: a flag byte, four bytes of length, the message.
///
/// The length is checked against the limit before a byte of the message is held.
struct MessageAssembler {
  private static let prefixLength = 5
  /// Held at once for a message that has not arrived; a longer one must send bytes to cost memory.
  private static let firstReservation = 256 * 1024

  /// Greatest length of one message, in bytes.
  let limit: Int
  /// What the peer's `grpc-encoding` says.
  var encoding = MessageEncoding.identity

  private var prefix: [UInt8] = []
  private var body: [UInt8] = []
  private var missing = 0
  private var isCompressed = false

  init(limit: Int) { self.limit = limit }

  /// Bytes held of a message that is not complete.
  var pendingBytes: Int { missing > 0 ? Self.prefixLength + body.count : prefix.count }

  /// - Throws: RESOURCE_EXHAUSTED or INTERNAL; no more bytes may follow.
  mutating func receive(
    _ chunk: UnsafeRawBufferPointer,
    _ emit: (PrefixedMessage) -> Void
  ) throws(RPCError) {
    var rest = chunk
    while !rest.isEmpty {
      if missing == 0 {
        guard let length = try nextLength(&rest) else { return }
        if rest.count >= length {
          let bytes = [UInt8](Self.cut(length, from: &rest))
          emit(PrefixedMessage(bytes: bytes, isCompressed: isCompressed))
          continue
        }
        body.reserveCapacity(min(length, Self.firstReservation))
        missing = length
      }
      let part = Self.cut(min(missing, rest.count), from: &rest)
      makeRoom(for: part.count)
      body.append(contentsOf: part)
      missing -= part.count
      if missing == 0, !part.isEmpty {
        emit(PrefixedMessage(bytes: body, isCompressed: isCompressed))
        body = []
      }
    }
  }

  /// Grows the body as an array does, but never beyond the message's length.
  private mutating func makeRoom(for count: Int) {
    guard body.capacity - body.count < count else { return }
    body.reserveCapacity(min(body.count + missing, max(2 * body.capacity, body.count + count)))
  }

  /// The first `count` bytes, which `bytes` then no longer has.
  private static func cut(
    _ count: Int,
    from bytes: inout UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    // Safety: within `bytes`; `rebasing` checks that. Whoever owns them lends them for this turn.
    let part = UnsafeRawBufferPointer(rebasing: bytes[..<count])
    bytes = UnsafeRawBufferPointer(rebasing: bytes[count...])
    return part
  }

  private mutating func nextLength(_ rest: inout UnsafeRawBufferPointer) throws(RPCError) -> Int? {
    if prefix.isEmpty, rest.count >= Self.prefixLength {
      let start = Self.cut(Self.prefixLength, from: &rest)
      let length = start.loadUnaligned(fromByteOffset: 1, as: UInt32.self)
      return try checked(flag: start[0], length: UInt32(bigEndian: length))
    }
    let part = min(Self.prefixLength - prefix.count, rest.count)
    prefix.append(contentsOf: Self.cut(part, from: &rest))
    guard prefix.count == Self.prefixLength else { return nil }
    let length = prefix[1...].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    let flag = prefix[0]
    prefix.removeAll(keepingCapacity: true)
    return try checked(flag: flag, length: length)
  }

  private mutating func checked(flag: UInt8, length: UInt32) throws(RPCError) -> Int {
    switch (flag, encoding) {
    case (0, _): isCompressed = false
    case (1, .gzip): isCompressed = true
    // gRPC's compression.md, "Test cases", has INTERNAL for these two.
    case (1, .identity):
      throw RPCError(
        .internalError,
        "a message is marked compressed, but no grpc-encoding was named"
      )
    case (1, .unknown):
      throw RPCError(
        .internalError,
        "a message is compressed in a way that is not known here, which are identity and gzip"
      )
    default:
      throw RPCError(
        .internalError,
        "a message starts with flag \(flag), which gRPC does not know"
      )
    }
    guard length <= limit else {
      throw RPCError(
        .resourceExhausted,
        "a message of \(length) bytes is longer than the limit of \(limit)"
      )
    }
    return Int(length)
  }
}
