/// What a peer has done on one connection besides calling and answering, and when it was too much.
///
/// One bucket pays for every act that costs this side work and the peer little (CVE-2023-44487,
/// CVE-2025-8671, CVE-2019-9512, -9515, -9518). It fills with time, and with each call that ends
/// well, so that clients that call much may also cancel much. A value that decides; it sends nothing.
struct PeerConduct {
  enum Act {
    /// RST_STREAM received.
    case reset
    /// RST_STREAM that the peer made this side send.
    case forcedReset
    /// A stream above the limit, which a client that has not seen our SETTINGS may well open.
    case refusedStream
    case settings
    case ping
    /// DATA without a byte that does not end its stream.
    case emptyData
    /// A frame of a type that HTTP/2 does not know.
    case unknownFrame
    case oversizedHeaders
    /// So many bytes of a header block that nobody looks at, and that is unpacked all the same, for
    /// the state of HPACK: a byte may stand for a field.
    case ignoredHeaders(Int)

    /// In tokens of the bucket.
    fileprivate var cost: Int {
      switch self {
      case .reset, .forcedReset: 50
      case .refusedStream, .unknownFrame: 10
      case .settings, .ping: 60
      case .emptyData: 1
      case .oversizedHeaders: 500
      // A usual list costs nothing; the third of 16 KiB is too much.
      case .ignoredHeaders(let bytes): max(0, bytes - 2048) / 4
      }
    }

    fileprivate var text: String {
      switch self {
      case .reset: "too many RST_STREAM"
      case .forcedReset: "too many streams that had to be reset"
      case .refusedStream: "too many streams above the limit"
      case .settings: "too many SETTINGS"
      case .ping: PeerConduct.tooManyPings
      case .emptyData: "too many empty DATA"
      case .unknownFrame: "too many unknown frames"
      case .oversizedHeaders: "too many header lists above the limit"
      case .ignoredHeaders: "too many headers that cannot be taken"
      }
    }
  }

  /// Clients of gRPC know this text, and ping less (gRFC A8).
  private static let tooManyPings = "too_many_pings"
  /// The 200th reset, the 167th SETTINGS or the 10,000th empty frame at once is too much.
  private static let capacity = 10_000
  /// A second: 20 resets, or 1,000 SETTINGS a minute.
  private static let refill = 1000
  /// What a call that ended well gives back: half a reset.
  private static let earned = 25

  private var tokens = PeerConduct.capacity
  private var filledAt: ContinuousClock.Instant?

  /// - Returns: nil when that is still well, else what the peer is to be told.
  mutating func charge(_ act: Act, now: ContinuousClock.Instant) -> String? {
    if let filledAt {
      let milliseconds = Int(clamping: Int64(filledAt.duration(to: now) / .milliseconds(1)))
      // Below a millisecond nothing is lost: the clock is not moved on.
      if milliseconds > 0 {
        let gained = min(milliseconds, Self.capacity) * Self.refill / 1000
        tokens = min(Self.capacity, tokens + gained)
        self.filledAt = now
      }
    } else {
      filledAt = now
    }
    tokens -= act.cost
    return tokens > 0 ? nil : act.text
  }

  /// A call has ended as calls should.
  mutating func callEndedWell() { tokens = min(Self.capacity, tokens + Self.earned) }

  // MARK: Pings

  private var lastPing: ContinuousClock.Instant?
  private var pingStrikes = 0
  private var hasSentSinceLastPing = false

  /// Pings that come closer than this, with nothing sent in between, are strikes (gRFC A8).
  private static let pingInterval = Duration.seconds(10)
  private static let maximumPingStrikes = 2

  /// HEADERS or DATA have left: clients measure the path with a ping for what they receive.
  mutating func sentSomething() { hasSentSinceLastPing = true }

  /// A PING of a client.
  /// - Returns: nil when that is still well, else what the peer is to be told.
  mutating func pinged(now: ContinuousClock.Instant) -> String? {
    defer { lastPing = now }
    if hasSentSinceLastPing {
      hasSentSinceLastPing = false
      pingStrikes = 0
      return nil
    }
    if let lastPing, lastPing.duration(to: now) < Self.pingInterval {
      pingStrikes += 1
      if pingStrikes > Self.maximumPingStrikes { return Self.tooManyPings }
    }
    return charge(.ping, now: now)
  }

  // MARK: Stream identifiers

  private var highestStream: Int32 = 0
  /// Identifiers that were passed over, so that none of them can be opened any more; the newest of
  /// them, as a list without an end would be a way to fill the memory.
  private var passedOver: [Range<Int32>] = []
  private static let rememberedGaps = 16

  /// A client's HEADERS for a stream; nghttp2 ignores those that RFC 9113, 5.1.1, calls an error.
  /// - Returns: false for a stream that can no longer be opened and never was.
  mutating func mayHaveOpened(_ stream: Int32) -> Bool {
    guard stream & 1 == 1 else { return true }
    if stream <= highestStream { return !passedOver.contains { $0.contains(stream) } }
    if stream - highestStream > 2 {
      if passedOver.count == Self.rememberedGaps { passedOver.removeFirst() }
      passedOver.append(highestStream + 1..<stream)
    }
    highestStream = stream
    return true
  }
}
