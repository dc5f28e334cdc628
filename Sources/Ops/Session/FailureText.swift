import RPC

/// What a failed call means for the user: the sentence, what to do, the exit code.
enum FailureText {
  /// - Parameter what: what the command was about, e.g. `sync "purchases"`; for hints.
  static func failure(
    _ error: RPCError,
    role: ServiceRole,
    address: String?,
    what: String?,
    contextName: String?
  ) -> CommandFailure {
    let place = address.map { " at \($0)" } ?? ""
    switch error.code {
    case .unavailable:
      // A service's own UNAVAILABLE has a reason; without one nobody answered.
      if let reason = error.reason {
        return CommandFailure(
          "the \(role.rawValue)\(place) cannot do it now: \(error.message)",
          hint: "try again in a moment; sluice health shows what is up",
          code: reason,
          exit: .unreachable
        )
      }
      return CommandFailure(
        "cannot reach the \(role.rawValue)\(place): \(reason(error.message, address))",
        hint: unreachable(contextName),
        code: "unreachable",
        exit: .unreachable
      )
    case .deadlineExceeded:
      return CommandFailure(
        "the \(role.rawValue)\(place) did not answer in time",
        hint: "give it longer with --timeout 2m, or look with: sluice health",
        code: "timed_out",
        exit: .timedOut
      )
    case .unauthenticated, .permissionDenied:
      return CommandFailure(
        error.message,
        hint: "the context's certificate must name a role that may do this; operator is the CLI's",
        code: error.reason ?? error.code.name.lowercased(),
        exit: .notAuthorised
      )
    default:
      return CommandFailure(
        error.message,
        hint: hint(error, what: what),
        code: error.reason ?? error.code.name.lowercased(),
        exit: exit(error)
      )
    }
  }

  static func exit(_ error: RPCError) -> ExitStatus {
    switch error.code {
    case .ok: .ok
    case .notFound: .notFound
    case .unauthenticated, .permissionDenied: .notAuthorised
    case .alreadyExists, .aborted: .conflict
    case .failedPrecondition: conflicts.contains(error.reason ?? "") ? .conflict : .failure
    case .deadlineExceeded: .timedOut
    case .unavailable: .unreachable
    case .cancelled: .interrupted
    default: .failure
    }
  }

  /// Reasons that say: it is in another state than you think.
  static let conflicts: Set<String> = [
    "already_running", "not_tested", "contact_required", "sync_is_draft", "sync_is_paused",
    "changed_meanwhile", "table_in_use", "stale_epoch", "sync_not_open", "unexpected_batch",
    "data_type_immutable", "type_is_fixed", "key_pair_is_fixed",
  ]

  /// The transport's words without the address, which ours have already.
  private static func reason(_ message: String, _ address: String?) -> String {
    let start = "cannot connect to \(address ?? ""): "
    guard message.hasPrefix(start) else { return message }
    let rest = message.dropFirst(start.count)
    return rest.prefix(1).lowercased() + rest.dropFirst()
  }

  static let startDev = "start the services with: sluice dev"

  private static func unreachable(_ contextName: String?) -> String {
    contextName == Dev.contextName
      ? startDev : "sluice health shows which services answer"
  }

  private static func hint(_ error: RPCError, what: String?) -> String? {
    // Where the service says itself what to do, saying it again is noise.
    if error.message.contains("`sluice ") { return nil }
    return switch error.reason {
    case "sync_not_found": "sluice sync list shows the syncs there are"
    case "source_not_found": "sluice source list shows the sources there are"
    case "credential_not_found": "sluice credential list shows the credentials there are"
    case "run_not_found": "sluice run list shows the runs there are"
    case "user_not_found": "compare the identifier, letter by letter, with the source's rows"
    case "already_running": "see how far it is with: sluice run list; run again when it has ended"
    case "not_tested": what.map { "test it with: sluice sync test \($0)" }
    case "sync_is_draft", "sync_is_paused":
      what.map { "activate it with: sluice sync activate \($0)" }
    default:
      error.code == .unimplemented
        ? "the service is of another version than this sluice; compare: sluice version" : nil
    }
  }
}
