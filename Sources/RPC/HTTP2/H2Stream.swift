import CNghttp2

/// One stream of a connection, as the loop sees it. Subclasses know requests and responses.
///
/// It is touched on the connection's loop only; the call's task knows its `pipe`.
class H2Stream {
  @exclusivity(unchecked) private(set) var pipe: CallPipe
  @exclusivity(unchecked) fileprivate(set) var id: Int32 = 0

  // Receiving.
  @exclusivity(unchecked) var assembler: MessageAssembler
  @exclusivity(unchecked) private var received = 0
  @exclusivity(unchecked) private var credited = 0
  @exclusivity(unchecked) private var taken = 0
  /// The peer has ended its side.
  @exclusivity(unchecked) var remoteEnded = false
  /// Nothing more of the peer's data is wanted; it is dropped as it arrives.
  @exclusivity(unchecked) private var ignoresData = false
  @exclusivity(unchecked) private var headerBytes = 0
  /// The header list is above the limit that SETTINGS named; nothing more of it is kept.
  @exclusivity(unchecked) private(set) var headersTooLong = false
  /// The connection wants to know when the peer's side ends.
  @exclusivity(unchecked) var awaitsEnd = false
  /// The connection has looked at the first header list.
  @exclusivity(unchecked) var wasSeen = false

  // Sending.
  @exclusivity(unchecked) var outgoing = OutgoingMessages()
  /// How our side ends after `outgoing`; nil while more may come.
  @exclusivity(unchecked) var outgoingEnd: MessageQueue.End?
  /// Trailers come behind our body.
  @exclusivity(unchecked) var hasTrailers = true
  /// nghttp2 asked for data when there was none, and waits for `resume`.
  @exclusivity(unchecked) var isDeferred = false
  /// Bytes that left since the last turn.
  @exclusivity(unchecked) var sentBytes = 0
  /// Some of a body has left.
  @exclusivity(unchecked) var hasSent = false
  /// Since when bytes wait and none leave, as far as anybody has looked.
  @exclusivity(unchecked) var stalledSince: ContinuousClock.Instant?
  /// The call may be cancelled at this time.
  @exclusivity(unchecked) var deadline: ContinuousClock.Instant?
  @exclusivity(unchecked) fileprivate(set) var isClosed = false

  init(pipe: CallPipe, maximumMessageBytes: Int) {
    self.pipe = pipe
    assembler = MessageAssembler(limit: maximumMessageBytes)
    pipe.compression.maximumMessageBytes = maximumMessageBytes
  }

  /// Whether nobody but this stream holds its pipe: no task, no waker's list.
  final func ownsPipeAlone() -> Bool { isKnownUniquelyReferenced(&pipe) }

  /// As new, for another call; only when `ownsPipeAlone`, and outside every list.
  func reset() {
    pipe.reset()
    id = 0
    assembler = MessageAssembler(limit: assembler.limit)
    received = 0
    credited = 0
    taken = 0
    remoteEnded = false
    ignoresData = false
    headerBytes = 0
    headersTooLong = false
    awaitsEnd = false
    wasSeen = false
    outgoing = OutgoingMessages()
    outgoingEnd = nil
    hasTrailers = true
    isDeferred = false
    sentBytes = 0
    hasSent = false
    stalledSince = nil
    deadline = nil
    isClosed = false
  }

  // MARK: What nghttp2's callbacks report

  /// A header makes the list longer, whether it is one that is shown to `header` or not.
  /// - Returns: false when that is a bomb (CVE-2016-1544), not a list that is too long by mistake.
  final func countHeader(of bytes: Int, limit: Int) -> Bool {
    // RFC 9113, 6.5.2: the size of a header list counts 32 bytes a field besides its text.
    headerBytes += bytes + 32
    if headerBytes > limit { headersTooLong = true }
    // Who is somewhat above the limit learns it from a status.
    return headerBytes <= 4 * limit
  }

  /// A header of a list within the limit, so far; nothing may be sent from here.
  func header(_ name: HeaderBytes, _ value: HeaderBytes) {}

  /// The header list is complete.
  func headersEnded() {}

  /// The peer's side has ended.
  func ended() { remoteEnded = true }

  // MARK: What the connection asks

  /// Messages or an end may have come from the task: have them sent.
  func settle(on session: H2Session) {}

  /// Everything in `outgoing` has left, and the end is known.
  func drained(on session: H2Session) {}

  /// Our side's end has left.
  func sent(on session: H2Session) {}

  /// The deadline has passed.
  func expire(on session: H2Session) {}

  /// The client's window has been shut for too long.
  func stalled(on session: H2Session) {}

  /// The stream is gone, with this RST_STREAM code or 0; or its connection is, with `error`.
  func closed(code: UInt32, error: RPCError?) {}

  // MARK: Data

  final func data(_ chunk: UnsafeRawBufferPointer) {
    received += chunk.count
    if ignoresData { return }
    do throws(RPCError) {
      try assembler.receive(chunk) { [pipe] in pipe.inbound.push($0) }
      pipe.setPartial(assembler.pendingBytes > 0)
    } catch {
      ignoresData = true
      pipe.failReading(error)
    }
  }

  /// Bytes that have arrived and were not given back to the peer's window.
  final var uncredited: Int { received - credited }

  /// More of the peer's data is of no use.
  final func ignoreData() { ignoresData = true }

  // MARK: Flow control

  /// Bytes to give back to the peer's window: what the task took, and all when it waits for more.
  ///
  /// A reader that waits has taken every whole message, so only it can be given a message that is
  /// longer than the window.
  final func creditDue(atLeast threshold: Int) -> Int {
    guard received - credited >= threshold else { return 0 }
    taken += pipe.takenBytes()
    let target = ignoresData || pipe.inbound.hasWaitingReader ? received : taken
    guard target - credited >= threshold else { return 0 }
    defer { credited = target }
    return target - credited
  }

  /// What the connection's window is still owed when the stream closes.
  final func remainingCredit() -> Int {
    defer { credited = received }
    return received - credited
  }
}

/// The open streams, each at `stream.pipe.streamSlot`.
struct H2StreamList {
  private(set) var streams: [H2Stream] = []

  var count: Int { streams.count }

  /// The pipe's stream, while it is open.
  func stream(of pipe: CallPipe) -> H2Stream? {
    let slot = pipe.streamSlot
    return streams.indices.contains(slot) && streams[slot].pipe === pipe ? streams[slot] : nil
  }

  mutating func insert(_ stream: H2Stream, id: Int32) {
    stream.id = id
    stream.pipe.streamSlot = streams.count
    streams.append(stream)
  }

  mutating func remove(_ stream: H2Stream) {
    stream.isClosed = true
    let slot = stream.pipe.streamSlot
    guard self.stream(of: stream.pipe) === stream else { return }
    streams.swapAt(slot, streams.count - 1)
    streams[slot].pipe.streamSlot = slot
    streams.removeLast()
    stream.pipe.streamSlot = CallPipe.closed
  }
}
