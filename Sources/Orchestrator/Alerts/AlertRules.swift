import SyncModel

/// What the end of a run means to the sync's contacts. Decides; sends nothing.
struct AlertRules: Sendable, Equatable {
  /// R132: percent of the rows read; 0: off.
  var rejectedPercent: Int64 = 0
  /// R133.
  var tellsSuccess = false

  struct Decision: Sendable, Equatable {
    var kinds: [Alert.Kind] = []
    /// The failure that the contacts know of; empty while all is well.
    var knownFailure: String
  }

  /// - Parameter knownFailure: the code of the failure that was told last; empty when none was, or the
  ///   recovery was told.
  func decide(_ run: StoredRun, knownFailure: String) -> Decision {
    var decision = Decision(knownFailure: knownFailure)
    switch run.status {
    case .error, .configError, .limitExceeded:
      // Once per change of state (design, decision 9): not every quarter of an hour.
      if run.pausesSync {
        // Only an active sync runs, so that it is paused is always news.
        decision.kinds.append(.paused)
      } else if run.errorCode != knownFailure {
        decision.kinds.append(.failed)
      }
      decision.knownFailure = run.errorCode
    case .success, .partial:
      if !knownFailure.isEmpty { decision.kinds.append(.recovered) }
      decision.knownFailure = ""
      if rejectedPercent > 0, run.counts.rejected > 0,
        run.counts.rejected * 100 >= rejectedPercent * run.rowsRead
      {
        decision.kinds.append(.rowErrors)
      }
      if tellsSuccess, run.status == .success { decision.kinds.append(.success) }
    case .cancelled, .running: break
    }
    return decision
  }
}

extension Alert {
  /// The mail in words. Nothing of a row's payload is in it.
  init(_ kind: Kind, of run: StoredRun, id: String, contacts: [String], at now: Timestamp) {
    let sync = "sync \"\(run.sync)\""
    let place = run.workspace == Name.defaultWorkspace ? "" : " in workspace \"\(run.workspace)\""
    let counts = run.counts
    let numbers =
      "\(run.rowsRead) rows read: \(counts.applied) applied, \(counts.unchanged) unchanged, "
      + "\(counts.alreadyApplied) already applied, \(counts.superseded) superseded, "
      + "\(counts.skipped) skipped, \(counts.rejected) rejected"
    let (subject, text) =
      switch kind {
      case .failed:
        (
          "Sluice: \(sync) failed: \(run.errorCode)",
          "The run of \(sync)\(place) failed (\(run.errorCode)):\n\n\(run.errorMessage)\n\n"
            + "Scheduled runs go on. You will hear again when it works, or fails in another way."
        )
      case .recovered:
        ("Sluice: \(sync) works again", "The last run of \(sync)\(place) succeeded.\n\n\(numbers)")
      case .rowErrors:
        (
          "Sluice: \(counts.rejected) rows of \(sync) were rejected",
          "\(numbers)\n\nWhy: sluice run rows \(run.id)"
        )
      case .paused:
        (
          "Sluice: \(sync) is paused: a column is gone",
          "The run of \(sync)\(place) failed (\(run.errorCode)):\n\n\(run.errorMessage)\n\n"
            + "Nothing runs until then."
        )
      case .success: ("Sluice: \(sync) succeeded", numbers)
      case .test:
        ("Sluice: a test", "Alerts of \(sync)\(place) reach you. Nothing has happened.")
      }
    self.init(
      id: id,
      kind: kind,
      channel: .mail,
      workspace: run.workspace,
      sync: run.sync,
      contacts: contacts,
      subject: String(subject.prefix(200)),
      body: text + (kind == .test ? "\n" : "\n\nThe run: sluice run show \(run.id)\n"),
      at: now
    )
  }
}
