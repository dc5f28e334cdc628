import ArgumentParser
import OrchestratorAPI
import RPC
import SyncModel

struct CursorNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cursor",
    abstract: "How far a sync has come.",
    subcommands: [CursorShow.self, CursorSet.self, CursorRewind.self]
  )
}

struct CursorShow: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Shows up to which UPDATED_AT everything is applied, and who moved it by hand."
  )
  @Argument(help: "The sync's name.") var sync: String
  @OptionGroup var options: GlobalOptions

  func run(in session: Session) async throws -> ExitStatus {
    let request = GetCursorRequest(workspace: try session.workspace(), sync: sync)
    let cursor = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getCursor(request, options: session.callOptions)
    }
    try session.printer().show(Record(cursor))
    return .ok
  }
}

struct CursorSet: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Moves a cursor to a time, back or forward.",
    discussion: CursorMoving.discussion
  )
  @Argument(help: "The sync's name.") var sync: String
  @Option(help: "The next run reads rows from here on: 2024-01-31T09:30:00Z, or nanoseconds.")
  var to: String
  @OptionGroup var moving: CursorMoving
  @OptionGroup var options: GlobalOptions

  func validate() throws { _ = try CursorMoving.time(to) }

  func run(in session: Session) async throws -> ExitStatus {
    try await moving.move(sync, to: .time(try CursorMoving.time(to)), in: session)
  }
}

struct CursorRewind: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "rewind",
    abstract: "Moves a cursor back, so that rows are read again.",
    discussion: CursorMoving.discussion
  )
  @Argument(help: "The sync's name.") var sync: String
  @Option(help: "How far, such as 12h or 2d.") var by: String?
  @Option(help: "To here: 2024-01-31T09:30:00Z, or nanoseconds.") var to: String?
  @Flag(help: "To the beginning: every row is read again.") var all = false
  @OptionGroup var moving: CursorMoving
  @OptionGroup var options: GlobalOptions

  func validate() throws { _ = try target() }

  func run(in session: Session) async throws -> ExitStatus {
    try await moving.move(sync, to: try target(), onlyBack: true, in: session)
  }

  private func target() throws -> CursorMoving.Target {
    guard [by != nil, to != nil, all].filter({ $0 }).count == 1 else {
      throw ValidationError("say how far by one of --by, --to and --all")
    }
    if let to { return .time(try CursorMoving.time(to)) }
    guard let by else { return .beginning }
    guard let nanoseconds = DurationText.nanoseconds(by), nanoseconds > 0 else {
      throw ValidationError("--by must be \(DurationText.explanation)")
    }
    return .back(nanoseconds)
  }
}

/// What both ways of moving a cursor have in common: first what it would mean, then it.
struct CursorMoving: ParsableArguments {
  enum Target {
    case time(Int64)
    case back(Int64)
    case beginning
  }

  static let discussion = """
    Without --yes it only says what it would mean, in rows. Rows that the ledger still knows are \
    recognised when they are read again. Of older ones, attributes change nothing that is newer; \
    events, purchases and deletes would have their effect once more, which needs --apply-again.
    """

  @Flag(help: "Yes, move it.") var yes = false
  @Flag(help: "Also where rows that were applied already are applied again.")
  var applyAgain = false

  func move(
    _ sync: String,
    to target: Target,
    onlyBack: Bool = false,
    in session: Session
  ) async throws -> ExitStatus {
    var request = MoveCursorRequest(workspace: try session.workspace(), sync: sync, dryRun: true)
    switch target {
    case .time(let time): request.to = time
    case .back(let nanoseconds): request.backNs = nanoseconds
    case .beginning: request.toBeginning = true
    }
    let preview = try await call(request, in: session)
    if onlyBack, let to = preview.to, preview.from.map({ to > $0 }) ?? true {
      throw CommandFailure(
        "that is not back: the cursor is at \(Record.cursorText(preview.from))",
        hint: "move it forward with: sluice cursor set \(sync) --to TIME",
        exit: .usage
      )
    }
    guard yes else {
      try session.printer().show(Record(preview))
      for warning in preview.warnings { session.say("warning: " + warning) }
      session.hint(
        preview.rowsAgain > 0
          ? "nothing was moved; do it with --yes, and --apply-again where rows would be applied again"
          : "nothing was moved; do it with --yes"
      )
      return .ok
    }
    for warning in preview.warnings { session.say("warning: " + warning) }
    // Where the preview says, not so far before where the cursor may be by now.
    request.backNs = 0
    request.to = preview.to
    request.toBeginning = preview.to == nil
    request.dryRun = false
    request.applyAgain = applyAgain
    let moved = try await call(request, in: session)
    try session.printer().show(Record(moved))
    return .ok
  }

  private func call(_ request: MoveCursorRequest, in session: Session) async throws
    -> MoveCursorResponse
  {
    // Counting may take the warehouse long.
    try await session.calling(.orchestrator, request.sync) {
      try await session.links.orchestrator().moveCursor(request, options: session.longCallOptions)
    }
  }

  /// Nanoseconds since 1970 UTC.
  static func time(_ text: String) throws -> Int64 {
    if let nanoseconds = Int64(text) { return nanoseconds }
    // Not the forms of payloads, which take a malformed offset for UTC (R90).
    let isPlain =
      text.wholeMatch(
        of: /\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?)?/
      ) != nil
    guard isPlain, let time = Array(text.utf8).withUnsafeBytes({ PayloadTime.parse($0) }) else {
      throw ValidationError(
        "--to must be a time such as 2024-01-31T09:30:00Z, or whole nanoseconds since 1970, not \"\(text)\""
      )
    }
    return time.nanoseconds
  }
}
