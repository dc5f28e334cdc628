/// When a transfer has taken too long: a value, told what happens and asked what that means.
///
/// libcurl's own limits are of whole seconds (`CURLOPT_LOW_SPEED_TIME`), know no first byte, and count
/// the time in which a response waits for its reader. Times are monotonic nanoseconds.
struct TransferClock: Sendable {
  enum Phase: String {
    case queue = "waiting for a free connection"
    case head = "the server has not answered"
    case body = "the answer stands still or comes too slowly"
    case whole = "it takes longer than it may"
  }

  private let timeouts: FetchTimeouts
  private let wholeDeadline: Int64
  private var phase = Phase.queue
  private var phaseDeadline = Int64.max
  private var isPaused = false
  private var bytesInWindow = 0

  init(_ timeouts: FetchTimeouts, now: Int64) {
    self.timeouts = timeouts
    wholeDeadline = timeouts.whole.map { now + $0.timerNanoseconds } ?? .max
  }

  /// It has a place, and connects.
  mutating func start(now: Int64) {
    phase = .head
    phaseDeadline = now + timeouts.firstByte.timerNanoseconds
  }

  /// The head is complete.
  mutating func beginBody(now: Int64) {
    phase = .body
    openWindow(now: now)
  }

  mutating func receive(bytes: Int, now: Int64) {
    guard phase == .body else { return }
    bytesInWindow += bytes
    if bytesInWindow >= required { openWindow(now: now) }
  }

  /// The reader is behind; the peer is not to blame.
  mutating func pause() { isPaused = true }

  mutating func resume(now: Int64) {
    isPaused = false
    if phase == .body { openWindow(now: now) }
  }

  private var required: Int {
    max(1, Int(min(timeouts.stall.components.seconds, 86_400)) * min(timeouts.minimumRate, 1 << 30))
  }

  private mutating func openWindow(now: Int64) {
    bytesInWindow = 0
    phaseDeadline = now + timeouts.stall.timerNanoseconds
  }

  /// The next moment to ask `expired`.
  var deadline: Int64 { isPaused ? wholeDeadline : min(phaseDeadline, wholeDeadline) }

  func expired(now: Int64) -> Phase? {
    if now >= wholeDeadline { return .whole }
    return !isPaused && now >= phaseDeadline ? phase : nil
  }
}
