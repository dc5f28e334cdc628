import HTTPFetch
import Orchestrator
import RPC
import ServiceRuntime
import SyncModel
import VaultAPI

/// Alerts as mails, over the operator's mail server.
struct MailAlertCarrier: AlertCarrier {
  private let configuration: MailConfiguration
  private let from: MailAddress
  /// The vault's credential of type smtp in workspace `default`; empty for a server without login.
  private let credential: String
  private let vault: VaultClient

  /// nil where no mail is configured.
  init?(_ settings: Settings, vault: VaultClient) throws {
    guard let server = try settings.text("SLUICE_MAIL_SERVER") else { return nil }
    guard let place = HostPort(server) else {
      throw StartupError(.usage, "SLUICE_MAIL_SERVER must be host:port, not \"\(server)\"")
    }
    let security: MailConfiguration.Security
    switch try settings.text("SLUICE_MAIL_SECURITY") ?? "starttls" {
    case "starttls": security = .startTLS
    case "tls": security = .tls
    case "none": security = .plainToLoopback
    case let other:
      throw StartupError(
        .usage,
        "SLUICE_MAIL_SECURITY must be starttls, tls or none (to this machine only), not \"\(other)\""
      )
    }
    do {
      // It is the operator who names this server, in whatever network.
      let policy = AddressPolicy(
        allowed: [try AddressRange("0.0.0.0/0"), try AddressRange("::/0")],
        setting: "SLUICE_MAIL_SERVER"
      )
      var configuration = try MailConfiguration(
        host: Host(place.host),
        port: place.port,
        security: security,
        policy: policy
      )
      configuration.authorityFile = try settings.text("SLUICE_MAIL_CA")
      self.configuration = configuration
      from = try MailAddress(
        try settings.required("SLUICE_MAIL_FROM", "is the address that mails come from"),
        name: "Sluice"
      )
    } catch let error as FetchError {
      throw StartupError(.usage, "the settings of mail: \(error.message)")
    }
    credential = try settings.text("SLUICE_MAIL_CREDENTIAL") ?? ""
    self.vault = vault
  }

  func deliver(_ alert: Alert) async throws -> [RefusedContact] {
    var configuration = configuration
    configuration.login = try await login()
    // One contact that no mail can go to must not cost the others theirs.
    var recipients: [MailAddress] = []
    var refused: [RefusedContact] = []
    for contact in alert.contacts {
      do {
        recipients.append(try MailAddress(contact))
      } catch {
        refused.append(RefusedContact(address: contact, reason: error.message, mayChange: false))
      }
    }
    let message = try MailMessage(
      from: from,
      to: recipients,
      subject: alert.subject,
      body: alert.body,
      id: alert.id,
      date: alert.at
    )
    // A mail is rare: a client for each keeps nothing open, and no password.
    let receipt = try await MailClient(configuration).send(message)
    return refused
      + receipt.refused.map { refusal in
        RefusedContact(
          address: refusal.address.address,
          reason: "\(refusal.code) \(refusal.text)",
          mayChange: (400...499).contains(refusal.code)
        )
      }
  }

  private func login() async throws -> MailConfiguration.Login? {
    guard !credential.isEmpty else { return nil }
    let released = try await vault.releaseSecret(
      ReleaseSecretRequest(workspace: "default", name: credential, purpose: "mail"),
      options: CallOptions(timeout: .seconds(15))
    )
    return try MailConfiguration.Login(
      user: released.username,
      password: String(decoding: released.secret, as: UTF8.self)
    )
  }
}
