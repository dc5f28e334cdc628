import ArgumentParser
import OrchestratorAPI
import RPC
import WriterAPI

struct RunRows: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "rows",
    abstract: "Lists a run's rejected rows, with the reason of each and what became of it since.",
    discussion: """
      They are kept for 30 days. -o jsonl prints each as it comes, however many there are: with --payload \
      it is an export.
      """
  )
  @Argument(help: "The run's id.") var id: String
  @Flag(help: "Only rows that are rejected to this day: none that was applied since.")
  var errors = false
  @Flag(help: "Also the warnings of rows that were applied.") var warnings = false
  @Option(help: "Only rows with this code.") var code: String?
  @Flag(help: "Instead: how many rows there are of each code.") var group = false
  @Flag(help: "Also the rows' payloads, as they came.") var payload = false
  @Option(help: "How many at most; 0 means all.") var limit: UInt32 = 0
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard !errors || !warnings else {
      throw ValidationError("--errors and --warnings do not go together: a warning is no error")
    }
    guard !group || (!payload && limit == 0) else {
      throw ValidationError("--group counts all rows: it takes neither --payload nor --limit")
    }
    guard code != "" else { throw ValidationError("--code must not be empty") }
  }

  func run(in session: Session) async throws -> ExitStatus {
    let workspace = try session.workspace()
    // The writer keeps rows by sync; the run says of which.
    let run = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getRun(
        GetRunRequest(workspace: workspace, runId: id),
        options: session.callOptions
      )
    }
    let request = ListRejectedRowsRequest(
      workspace: workspace,
      sync: run.sync,
      runId: run.runId,
      limit: limit,
      warnings: warnings,
      code: code ?? "",
      open: errors
    )
    let printer = session.printer(group ? Record.rowCodeColumns : columns)
    var counts = RowCodeCounts()
    try await session.calling(.writer) {
      try await read(request, in: session) { rows in
        while let row = try await rows.next() {
          if group { counts.add(row) } else { try printer.add(Record(row)) }
        }
      }
    }
    for record in counts.records { try printer.add(record) }
    try printer.finish()
    if printer.isEmpty { session.say(nothing) }
    return .ok
  }

  private func read(
    _ request: ListRejectedRowsRequest,
    in session: Session,
    _ body: (RPCReader<RejectedRow>) async throws -> Void
  ) async throws {
    let writer = try session.links.writer()
    guard payload else {
      return try await writer.listRejectedRows(request, options: session.longCallOptions, body)
    }
    try await writer.exportRejectedRows(request, options: session.longCallOptions, body)
  }

  private var columns: [Column] {
    Record.rejectedRowColumns + (errors ? [] : [Column("SINCE", "outcome")])
      + (payload ? [Column("PAYLOAD", "payload")] : [])
  }

  private var nothing: String {
    let code = code.map { " with code \($0)" } ?? ""
    return errors
      ? "no row of this run is rejected to this day\(code)"
      : "no row of this run was rejected\(code)"
  }
}

struct RunRetry: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Applies rejected rows again, once what they were rejected for is changed.",
    discussion: """
      Name a sync, or a run with --run. Each row is applied as a run would, with its own UPDATED_AT and \
      never over newer data; one that was applied is never applied again, so the command may be repeated, \
      also while a run goes on. Exit code 3: some are still rejected.
      """
  )
  @Argument(help: "The sync whose rows to retry.") var sync: String?
  @Option(help: "Only the rows that this run rejected.") var run: String?
  @Option(help: "Only rows with this code.") var code: String?
  @Option(help: "Only rows with this external id.") var externalId: String?
  @Option(help: "Only rows with an alias of this name; with --alias-label.") var aliasName: String?
  @Option(help: "The alias's label; with --alias-name.") var aliasLabel: String?
  @Option(help: "Only rows with this profile's own id.") var brazeId: String?
  @Option(help: "Only rows with this email address.") var email: String?
  @Option(help: "Only rows with this phone number.") var phone: String?
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard sync != nil || run != nil else {
      throw ValidationError("name a sync, or a run with --run")
    }
    guard (aliasName == nil) == (aliasLabel == nil) else {
      throw ValidationError("--alias-name and --alias-label go together")
    }
    guard [externalId, aliasName, brazeId, email, phone].compactMap(\.self).count <= 1 else {
      throw ValidationError(
        "name the user by only one of --external-id, --alias-name with --alias-label, --braze-id, "
          + "--email, --phone"
      )
    }
    let given = [sync, run, code, externalId, aliasName, aliasLabel, brazeId, email, phone]
    guard !given.contains("") else { throw ValidationError("no value may be empty") }
  }

  func run(in session: Session) async throws -> ExitStatus {
    let request = RetryRowsRequest(
      workspace: try session.workspace(),
      sync: try await syncName(in: session),
      runId: run ?? "",
      code: code ?? "",
      externalId: externalId ?? "",
      aliasName: aliasName ?? "",
      aliasLabel: aliasLabel ?? "",
      brazeId: brazeId ?? "",
      email: email ?? "",
      phone: phone ?? ""
    )
    var total = RetriedRows()
    do {
      try await session.calling(.writer) {
        try await session.links.writer().retryRows(request, options: session.longCallOptions) {
          while let portion = try await $0.next() { total += portion }
        }
      }
    } catch {
      // What was done before stays done: say so first.
      if total.count > 0 { session.say(total.summary) }
      throw error
    }
    try session.printer().show(Record(total, of: request))
    return try conclude(total, of: request, in: session)
  }

  /// The sync, which must be there: the writer would find no row of one that is not.
  private func syncName(in session: Session) async throws -> String {
    let workspace = try session.workspace()
    guard let run else {
      return try await session.calling(.orchestrator) {
        try await session.links.orchestrator().getSync(
          GetSyncRequest(workspace: workspace, name: sync ?? ""),
          options: session.callOptions
        ).name
      }
    }
    let found = try await session.calling(.orchestrator) {
      try await session.links.orchestrator().getRun(
        GetRunRequest(workspace: workspace, runId: run),
        options: session.callOptions
      )
    }
    guard sync.map({ $0.utf8.elementsEqual(found.sync.utf8) }) ?? true else {
      throw CommandFailure(
        "run \(run) is of sync \"\(found.sync)\", not of \"\(sync ?? "")\"",
        code: "wrong_sync",
        exit: .usage
      )
    }
    return found.sync
  }

  private func conclude(
    _ total: RetriedRows,
    of request: RetryRowsRequest,
    in session: Session
  ) throws -> ExitStatus {
    guard total.count > 0 else {
      session.say("nothing to retry: no such row is rejected")
      return .ok
    }
    session.say(total.summary)
    if total.rejected > 0 {
      throw CommandFailure(
        "\(rows(total.rejected)) still rejected",
        hint: run.map { "see why with: sluice run rows \($0) --errors" }
          ?? "see why with: sluice run rows RUN --errors",
        code: "rows_rejected",
        exit: .rejectedRows
      )
    }
    if total.notKept > 0 {
      throw CommandFailure(
        "\(rows(total.notKept)) still rejected, as the writer did not keep what they held",
        hint: "correct them in the source, with a new UPDATED_AT; for rows to come, see "
          + "SLUICE_ROW_KEY_FILE and SLUICE_ROW_LOG_MEGABYTES of the writer",
        code: "rows_not_kept",
        exit: .rejectedRows
      )
    }
    return .ok
  }

  private func rows(_ count: Int64) -> String {
    count == 1 ? "1 row is" : "\(grouped(count)) rows are"
  }
}
