import CCurl
import Glibc
import Synchronization

/// libcurl's multi interface on a thread of its own: it waits in poll(2), never on Swift's pool.
///
/// Safety: `multi` and everything below it are touched by the loop's thread only, except for
/// `curl_multi_wakeup`, which libcurl allows from any thread while the handle lives: it is called
/// under the inbox's lock, and the handle goes after the inbox was closed under it.
final class CurlLoop: @unchecked Sendable {
  enum Command {
    case start(any Transfer)
    case cancel(any Transfer)
    case resume(any Transfer)
    case stop
  }

  private struct Inbox {
    var commands: [Command] = []
    var isClosed = false
  }

  private let inbox = Mutex(Inbox())
  private let multi: UnsafeMutableRawPointer
  private let maximumWaiting: Int
  private var running: [ObjectIdentifier: (transfer: any Transfer, easy: EasyHandle)] = [:]
  private var byHandle: [UnsafeMutableRawPointer: any Transfer] = [:]
  private var admission: Admission<any Transfer>
  private var waitingDeadline = Int64.max
  private(set) var now = CurlLoop.monotonicNow()

  init(total: Int, perLane: Int, maximumWaiting: Int) throws(FetchError) {
    // Once for the process; safe to call from several threads since 7.84 (CURL_VERSION_THREADSAFE).
    guard curl_global_init(sluice_global_all) == CURLE_OK, let multi = curl_multi_init() else {
      throw FetchError(.unavailable, "libcurl cannot be set up: no memory or no descriptors")
    }
    self.multi = multi
    self.maximumWaiting = maximumWaiting
    admission = Admission(total: total, perLane: perLane)
    // See `Admission`: HTTP/2, but one stream a connection at a time.
    sluice_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    sluice_multi_set_long(multi, CURLMOPT_MAXCONNECTS, total)
    sluice_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, total)
    sluice_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, perLane)
  }

  deinit { curl_multi_cleanup(multi) }

  /// - Returns: false when the loop has stopped.
  @discardableResult
  func post(_ command: Command) -> Bool {
    inbox.withLock { inbox in
      guard !inbox.isClosed else { return false }
      if inbox.commands.isEmpty { curl_multi_wakeup(multi) }
      inbox.commands.append(command)
      return true
    }
  }

  static func monotonicNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// The thread's whole life.
  func run() {
    while true {
      now = Self.monotonicNow()
      guard obey() else { return close() }
      while let transfer = admission.admit() { begin(transfer) }
      var active: CInt = 0
      curl_multi_perform(multi, &active)
      now = Self.monotonicNow()
      let hadEnds = collectEnds()
      expire()
      // An end makes room for somebody who waits.
      let timeout = hadEnds ? 0 : pollMilliseconds()
      curl_multi_poll(multi, nil, 0, timeout, nil)
    }
  }

  /// - Returns: false when it is to stop.
  private func obey() -> Bool {
    let commands = inbox.withLock { inbox in
      defer { inbox.commands = [] }
      return inbox.commands
    }
    var cancelled: Set<ObjectIdentifier> = []
    var goesOn = true
    for command in commands {
      switch command {
      case .start(let transfer):
        // The cancellation may have come first, and found nothing.
        if transfer.isCancelled { transfer.fail(CancellationError(), nil) } else { queue(transfer) }
      case .cancel(let transfer):
        if running[ObjectIdentifier(transfer)] == nil {
          cancelled.insert(ObjectIdentifier(transfer))
        } else {
          end(transfer, with: CancellationError())
        }
      case .resume(let transfer):
        guard let easy = running[ObjectIdentifier(transfer)]?.easy else { continue }
        transfer.clock.resume(now: now)
        curl_easy_pause(easy.pointer, sluice_pause_nothing)
      // What came behind it is queued, for `close` to tell: nobody may wait for ever.
      case .stop: goesOn = false
      }
    }
    if !cancelled.isEmpty, admission.waiting > 0 {
      // All at once: a group of ten thousand tasks is cancelled together.
      for waiting in admission.removeWaiting(where: { cancelled.contains(ObjectIdentifier($0)) }) {
        waiting.fail(CancellationError(), nil)
      }
    }
    return goesOn
  }

  private func queue(_ transfer: any Transfer) {
    guard admission.waiting < maximumWaiting else {
      let message = "\(maximumWaiting) requests wait for a connection already; try again later"
      return transfer.fail(FetchError(.overloaded, message), nil)
    }
    admission.add(transfer, lane: transfer.lane)
    waitingDeadline = min(waitingDeadline, transfer.clock.deadline)
  }

  private func begin(_ transfer: any Transfer) {
    do {
      let easy = try EasyHandle()
      transfer.clock.start(now: now)
      try transfer.prepare(easy)
      let code = curl_multi_add_handle(multi, easy.pointer)
      guard code == CURLM_OK else {
        throw FetchError(
          .unavailable,
          "libcurl takes no more transfers",
          cause: "curl multi \(code.rawValue)"
        )
      }
      running[ObjectIdentifier(transfer)] = (transfer, easy)
      byHandle[easy.pointer] = transfer
    } catch {
      admission.release(lane: transfer.lane)
      transfer.fail(error, nil)
    }
  }

  private func collectEnds() -> Bool {
    var hadEnds = false
    var left: CInt = 0
    while let message = curl_multi_info_read(multi, &left) {
      // What the message points at goes with the handle's removal: read it before.
      guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else {
        continue
      }
      let code = sluice_message_result(message)
      guard let transfer = byHandle[handle], let easy = remove(transfer) else { continue }
      hadEnds = true
      transfer.complete(code, easy)
    }
    return hadEnds
  }

  /// Takes it from libcurl, which closes the connection of an unfinished one.
  private func remove(_ transfer: any Transfer) -> EasyHandle? {
    guard let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) else { return nil }
    byHandle[entry.easy.pointer] = nil
    curl_multi_remove_handle(multi, entry.easy.pointer)
    admission.release(lane: transfer.lane)
    return entry.easy
  }

  private func end(_ transfer: any Transfer, with error: any Error) {
    if transfer.abort(with: error) { return }
    if let easy = remove(transfer) { transfer.fail(error, easy) }
  }

  private func expire() {
    for (transfer, easy) in running.values {
      guard let phase = transfer.clock.expired(now: now) else { continue }
      end(
        transfer,
        with: FetchError(
          .timeout,
          "the call to \(transfer.place) timed out: \(phase.rawValue)",
          mayHaveArrived: transfer.mayHaveArrived(easy)
        )
      )
    }
    guard now >= waitingDeadline else { return }
    for transfer in admission.removeWaiting(where: { $0.clock.expired(now: now) != nil }) {
      let reason = TransferClock.Phase.queue.rawValue
      transfer.fail(
        FetchError(.timeout, "the call to \(transfer.place) timed out: \(reason)"),
        nil
      )
    }
    waitingDeadline = .max
    admission.forEachWaiting { waitingDeadline = min(waitingDeadline, $0.clock.deadline) }
  }

  private func pollMilliseconds() -> CInt {
    var next = waitingDeadline
    for (transfer, _) in running.values { next = min(next, transfer.clock.deadline) }
    guard next != .max else { return 60_000 }
    // Rounded up: a timer that fires a moment early would turn the loop for that moment.
    return CInt(clamping: min(60_000, max(0, (next - now) / 1_000_000 + 1)))
  }

  private func close() {
    let late = inbox.withLock { inbox in
      inbox.isClosed = true
      defer { inbox.commands = [] }
      return inbox.commands
    }
    let error = FetchError(.closed, "the client was shut down")
    for (transfer, _) in running.values { end(transfer, with: error) }
    // Those that end in a callback.
    var active: CInt = 0
    if !running.isEmpty { curl_multi_perform(multi, &active) }
    _ = collectEnds()
    for (transfer, easy) in running.values { transfer.fail(error, easy) }
    for transfer in admission.removeWaiting(where: { _ in true }) { transfer.fail(error, nil) }
    for case .start(let transfer) in late { transfer.fail(error, nil) }
  }
}
