public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel

extension SyncOrchestrator {
  /// Hands an alert over now, by every way that is configured, and says what went wrong with it.
  public func testAlert(
    _ request: TestAlertRequest,
    context: ServerContext
  ) async throws -> TestAlertResponse {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      let sync = try await database.read { connection in
        try connection.existingSync(workspace: workspace, name: request.sync)
      }
      guard !carriers.isEmpty else {
        throw RPCError(
          .failedPrecondition,
          "no mail server and no webhook is configured: set SLUICE_MAIL_SERVER and SLUICE_MAIL_FROM, or SLUICE_WEBHOOK_URL and SLUICE_WEBHOOK_SECRET_FILE, at the orchestrator",
          reason: "mail_not_configured"
        )
      }
      let run = StoredRun(
        id: "",
        workspace: workspace,
        sync: sync.name,
        epoch: 0,
        startedAt: world.now()
      )
      var response = TestAlertResponse()
      if let mail = carriers.mail {
        try await testMail(mail, to: sync, of: run)
        response.contacts = sync.contacts
      }
      if let webhook = carriers.webhook {
        try await testWebhook(webhook, of: run, afterMail: carriers.mail != nil)
        response.webhook = true
      }
      return response
    }
  }

  private func testMail(
    _ carrier: any AlertCarrier,
    to sync: StoredSync,
    of run: StoredRun
  ) async throws {
    guard !sync.contacts.isEmpty else {
      throw RPCError(
        .failedPrecondition,
        "sync \"\(sync.name)\" has no contacts",
        reason: "contact_required"
      )
    }
    let alert = Alert(
      .test,
      of: run,
      id: world.newID(),
      contacts: sync.contacts,
      at: run.startedAt
    )
    let refused: [RefusedContact]
    do {
      refused = try await carrier.deliver(alert)
    } catch {
      try Task.checkCancellation()
      throw RPCError(
        .unavailable,
        "the mail could not be handed over: \(error)",
        reason: "mail_failed"
      )
    }
    guard refused.isEmpty else {
      let words = refused.map { "\($0.address) (\($0.reason))" }.joined(separator: ", ")
      throw RPCError(
        .failedPrecondition,
        "the mail server refused \(words); the other contacts of sync \"\(sync.name)\" are sent the mail",
        reason: "contact_refused"
      )
    }
  }

  private func testWebhook(
    _ carrier: any AlertCarrier,
    of run: StoredRun,
    afterMail: Bool
  ) async throws {
    do {
      _ = try await carrier.deliver(
        Alert(webhook: .test, of: run, id: world.newID(), at: run.startedAt)
      )
    } catch {
      try Task.checkCancellation()
      throw RPCError(
        .unavailable,
        "the webhook could not be delivered: \(error)" + (afterMail ? "; the mail was" : ""),
        reason: "webhook_failed"
      )
    }
  }
}
