import OrchestratorAPI

/// One line on a terminal that is written over: rows, rows a second. Nothing elsewhere.
final class ProgressLine {
  private let output: any ByteOutput
  private let isShown: Bool
  private let isPlain: Bool
  private let clock = ContinuousClock()
  /// When it was first shown, and how far the run was then: it may have begun long before.
  private var first: (time: ContinuousClock.Instant, rows: Int64)?
  private var isDirty = false

  init(_ output: any ByteOutput, variables: [String: String]) {
    self.output = output
    let terminal = variables["TERM"] ?? ""
    isShown = output.isTerminal && terminal != "dumb"
    isPlain = !(variables["NO_COLOR"] ?? "").isEmpty
  }

  func show(_ run: Run) {
    guard isShown else { return }
    let first = first ?? (clock.now, run.rowsRead)
    self.first = first
    let seconds = Double((clock.now - first.time) / .milliseconds(1)) / 1000
    let rows = Double(run.rowsRead) - Double(first.rows)
    let rate = seconds > 0.2 ? Int64(exactly: (rows / seconds).rounded()) ?? 0 : 0
    let status = isPlain ? run.phase : "\u{1B}[1m\(TerminalText.safe(run.phase))\u{1B}[0m"
    var text = "\(status)  \(grouped(run.rowsRead)) rows"
    if rate > 0 { text += "  \(grouped(rate)) rows/s" }
    if run.rejected > 0 { text += "  \(grouped(run.rejected)) rejected" }
    write("\r\u{1B}[K" + text)
    isDirty = true
  }

  func clear() {
    guard isDirty else { return }
    isDirty = false
    write("\r\u{1B}[K")
  }

  private func write(_ text: String) {
    // Progress that nobody reads is no reason to fail.
    try? output.write(text)
    try? output.flush()
  }
}
