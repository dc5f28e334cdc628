import CNghttp2
import NIOCore

/// What happened on a connection since the last look.
enum H2Event {
  /// A request's or response's header list is complete.
  case headers(H2Stream)
  case data(H2Stream)
  /// The peer's side of the stream has ended.
  case ended(H2Stream)
  /// Everything was sent; trailers may follow.
  case drained(H2Stream)
  /// The end of a response has left, before the end of its request has come.
  case sent(H2Stream)
  case closed(H2Stream, code: UInt32)
  case goAway(code: UInt32, text: String)
  case pingAcknowledged
  case settings
  case settingsAcknowledged
}

/// Limits and windows of one connection.
struct H2Limits: Sendable {
  var maximumMessageBytes = 4 * 1024 * 1024
  var concurrentStreams = 100
  /// Much less than the connection's, so that one stuck call does not stop the others.
  var streamWindow = 1024 * 1024
  var connectionWindow = 16 * 1024 * 1024
  var headerListBytes = 16 * 1024
  /// What the calls may hold of messages that have not left, before each may hold one only.
  var outgoingBytes = 2 * 1024 * 1024
  /// How long a client's window may stay shut for a call that has something to say and never could.
  var firstWindowTimeout = Duration.seconds(30)
  /// The same for a call that could: its client may have been stopped for a while.
  var windowTimeout = Duration.seconds(600)
  /// Finds peers that are gone without a word; nil leaves that to TCP.
  var keepalive: H2Keepalive? = H2Keepalive(interval: .seconds(30), timeout: .seconds(20))
  /// How long a client may take for its first SETTINGS, and then to acknowledge ours.
  var prefaceTimeout = Duration.seconds(10)
  var settingsTimeout = Duration.seconds(10)
  /// What a server answers to `GET /` and `POST /`.
  var page = ""
}

/// Pings while calls are open and nothing arrives.
struct H2Keepalive: Sendable {
  /// Of silence, before a ping.
  var interval: Duration
  /// For the answer; without one the connection is given up.
  var timeout: Duration
}

/// nghttp2's session: bytes in, events and bytes out. It knows neither sockets nor TLS nor time.
///
/// Callbacks append to `events` and return; frames are submitted only after `receive` or between
/// two frames of `gather` (nghttp2, Programmers' Guide, "Remarks"). It is confined to one loop.
final class H2Session {
  enum Role { case server, client }

  /// Copying a body shorter than this into nghttp2's frame is cheaper than the detour around it.
  @exclusivity(unchecked) var copyThreshold = 1024

  let role: Role
  let limits: H2Limits
  /// Makes the stream of a request that begins; nil refuses it.
  var makeStream: () -> H2Stream? = { nil }
  @exclusivity(unchecked) private(set) var handle: OpaquePointer?
  /// Whose headers are arriving; they come in one piece (RFC 9113, 4.3), so there is one at most.
  @exclusivity(unchecked) var headerStream: Unmanaged<H2Stream>?
  @exclusivity(unchecked) var streams = H2StreamList()
  @exclusivity(unchecked) var events: [H2Event] = []
  /// Streams whose bytes left since the last look.
  @exclusivity(unchecked) var sending: [H2Stream] = []
  /// Where `gather` writes to; the callback that sends DATA appends here too.
  @exclusivity(unchecked) var output = ByteBuffer()
  /// nghttp2's text for what ended the session, e.g. a bad preface.
  @exclusivity(unchecked) private(set) var failure: String?
  /// When what is fed and gathered happens; the session has no clock.
  @exclusivity(unchecked) var now = ContinuousClock.now
  @exclusivity(unchecked) private var conduct = PeerConduct()
  /// What the peer did too much of, which ended the session.
  @exclusivity(unchecked) private(set) var misconduct: String?

  init(role: Role, limits: H2Limits) {
    self.role = role
    self.limits = limits
    handle = H2Callbacks.makeSession(for: self)
    if handle == nil { failure = "out of memory" }
  }

  deinit {
    if let handle { nghttp2_session_del(handle) }
  }

  // MARK: Bytes

  /// About a frame of the largest size.
  private static let slice = 16 * 1024

  /// Feeds what arrived.
  func receive(_ bytes: UnsafeRawBufferPointer) {
    let bytes = bytes.assumingMemoryBound(to: UInt8.self)
    var at = 0
    // In slices: nghttp2 unpacks header lists to the end of what it is fed, though it has ended the
    // session at their beginning.
    while at < bytes.count, failure == nil, misconduct == nil {
      let slice = min(bytes.count - at, Self.slice)
      // Returns the count taken, or: NOMEM, CALLBACK_FAILURE, BAD_CLIENT_MAGIC, FLOODED.
      let count = nghttp2_session_mem_recv(handle, bytes.baseAddress.map { $0 + at }, slice)
      if count < 0 { return fail(count) }
      at += slice
      if at < bytes.count, nghttp2_session_want_read(handle) == 0 { return }
    }
  }

  /// Appends frames to `output` until it holds `limit` bytes or there are none.
  func gather(limit: Int) {
    while output.readableBytes < limit, failure == nil {
      var bytes: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(handle, &bytes)
      if count < 0 { return fail(count) }
      guard count > 0 else { return }
      output.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count))
    }
  }

  private func fail(_ code: Int) {
    failure = String(cString: nghttp2_strerror(Int32(truncatingIfNeeded: code)))
  }

  /// Nothing will be read or written any more.
  var isFinished: Bool {
    failure != nil
      || nghttp2_session_want_read(handle) == 0 && nghttp2_session_want_write(handle) == 0
  }

  // MARK: The peer's conduct

  // Callbacks call these. nghttp2 lets them terminate the session: it then ignores what follows in
  // the same bytes, which a flag that is looked at later would not do.

  func charge(_ act: PeerConduct.Act) {
    guard let text = conduct.charge(act, now: now) else { return }
    end(misconduct: text)
  }

  func pinged() {
    guard role == .server else { return charge(.ping) }
    guard let text = conduct.pinged(now: now) else { return }
    end(misconduct: text)
  }

  func headersBegin(on stream: Int32) {
    guard !conduct.mayHaveOpened(stream) else { return }
    end(misconduct: "stream \(stream) cannot be opened any more", code: H2ErrorCode.protocolError)
  }

  func sentSomething() { conduct.sentSomething() }

  func callEndedWell() { conduct.callEndedWell() }

  func end(misconduct text: String, code: UInt32 = H2ErrorCode.enhanceYourCalm) {
    guard misconduct == nil else { return }
    misconduct = text
    // The text goes with a GOAWAY of its own: the one that terminates cannot carry any.
    goAway(code: code, text: text)
    terminate(code: code)
  }

  // MARK: Connection frames

  /// The first SETTINGS, and the connection's window.
  func start() {
    var entries = [
      entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams),
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytes),
    ]
    if role == .client { entries.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)) }
    nghttp2_submit_settings(handle, flag(NGHTTP2_FLAG_NONE), entries, entries.count)
    nghttp2_session_set_local_window_size(
      handle,
      flag(NGHTTP2_FLAG_NONE),
      0,
      Int32(clamping: limits.connectionWindow)
    )
  }

  private func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
    nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
  }

  func ping() { nghttp2_submit_ping(handle, flag(NGHTTP2_FLAG_NONE), nil) }

  /// Tells the peer to open no more streams, while those on their way are still taken.
  func announceShutdown() { nghttp2_submit_shutdown_notice(handle) }

  /// Takes no stream above the last one seen.
  func goAway(code: UInt32 = H2ErrorCode.noError, text: String = "") {
    let text = Array(text.utf8)
    nghttp2_submit_goaway(
      handle,
      flag(NGHTTP2_FLAG_NONE),
      nghttp2_session_get_last_proc_stream_id(handle),
      code,
      text,
      text.count
    )
  }

  /// GOAWAY, and then `isFinished`.
  func terminate(code: UInt32) { nghttp2_session_terminate_session(handle, code) }

  // MARK: Streams

  /// Opens a stream with a request; false when this connection takes none any more.
  func submitRequest(_ headers: HeaderBlock, stream: H2Stream) -> Bool {
    var provider = H2Callbacks.dataProvider(stream)
    let id = headers.withFields { fields, count in
      nghttp2_submit_request(
        handle,
        nil,
        fields,
        count,
        &provider,
        H2Callbacks.pointer(stream)
      )
    }
    // NOMEM, STREAM_ID_NOT_AVAILABLE; PROTO and INVALID_ARGUMENT cannot happen here.
    guard id > 0 else { return false }
    streams.insert(stream, id: id)
    return true
  }

  /// Answers; with a body to follow, or with nothing else.
  func submitResponse(_ headers: HeaderBlock, stream: H2Stream, hasBody: Bool) {
    var provider = H2Callbacks.dataProvider(stream)
    _ = headers.withFields { fields, count in
      withUnsafePointer(to: &provider) {
        nghttp2_submit_response(handle, stream.id, fields, count, hasBody ? $0 : nil)
      }
    }
  }

  func submitTrailers(_ headers: HeaderBlock, stream: H2Stream) {
    _ = headers.withFields { nghttp2_submit_trailer(handle, stream.id, $0, $1) }
  }

  func resume(_ stream: H2Stream) {
    guard stream.isDeferred else { return }
    stream.isDeferred = false
    nghttp2_session_resume_data(handle, stream.id)
  }

  func reset(_ stream: H2Stream, code: UInt32) {
    nghttp2_submit_rst_stream(handle, flag(NGHTTP2_FLAG_NONE), stream.id, code)
  }

  /// Gives window back for bytes of an open stream.
  func consume(_ count: Int, of stream: H2Stream) {
    if count > 0 { nghttp2_session_consume(handle, stream.id, count) }
  }

  /// Gives window back for bytes of a stream that is closed.
  func consumeConnection(_ count: Int) {
    if count > 0 { nghttp2_session_consume_connection(handle, count) }
  }

  private func flag(_ flag: nghttp2_flag) -> UInt8 { UInt8(truncatingIfNeeded: flag.rawValue) }
}
