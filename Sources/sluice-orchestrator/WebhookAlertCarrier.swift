import Crypto
import HTTPFetch
import Orchestrator
import ServiceRuntime
import SyncModel

/// Alerts as signed POSTs to one place of the operator's (docs/webhooks.md).
struct WebhookAlertCarrier: AlertCarrier {
  private static let shortestSecret = 16

  private let url: HTTPURL
  private let signer: WebhookSigner
  private let client: HTTPClient
  private let world: World

  /// nil where no webhook is configured.
  init?(_ settings: Settings, world: World) throws {
    guard let text = try settings.text("SLUICE_WEBHOOK_URL") else { return nil }
    var secrets = [
      try Self.secret(
        in: try settings.required(
          "SLUICE_WEBHOOK_SECRET_FILE",
          "is the secret that signs webhooks"
        ),
        "SLUICE_WEBHOOK_SECRET_FILE"
      )
    ]
    if let old = try settings.text("SLUICE_WEBHOOK_OLD_SECRET_FILE") {
      secrets.append(try Self.secret(in: old, "SLUICE_WEBHOOK_OLD_SECRET_FILE"))
    }
    signer = WebhookSigner(secrets)
    do {
      let url = try HTTPURL(text)
      self.url = url
      var policy = try AddressPolicy(settings)
      // A receiver on this machine needs no TLS; it has to be listed like any that is not public.
      policy.allowsPlainHTTP = ["127.0.0.1", "[::1]"].contains {
        url.origin.hasPrefix("http://\($0):")
      }
      if let reason = policy.refusal(of: url) {
        throw FetchError(.notAllowed, reason)
      }
      client = try HTTPClient(
        HTTPClientConfiguration(
          policy: policy,
          authorityFile: try settings.text("SLUICE_WEBHOOK_CA"),
          timeouts: FetchTimeouts(whole: .seconds(30))
        )
      )
    } catch let error as FetchError {
      throw StartupError(.usage, "SLUICE_WEBHOOK_URL: \(error.message)")
    }
    self.world = world
  }

  private static func secret(
    in path: String,
    _ setting: String
  ) throws(StartupError) -> WebhookSigner.Authenticate {
    var bytes: [UInt8]
    do {
      bytes = try RegularFile.read(path, limit: 4096)
    } catch {
      throw StartupError(.environment, "\(setting): \(error)")
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard bytes.count >= shortestSecret else {
      throw StartupError(
        .usage,
        "\(setting): the secret in \(path) has \(bytes.count) bytes, and must have \(shortestSecret)"
      )
    }
    let key = SecretBytes(bytes)
    return { try HMACSHA256.authenticate($0, key: key) }
  }

  func deliver(_ alert: Alert) async throws -> [RefusedContact] {
    let request = try signer.request(
      to: url,
      body: Array(alert.body.utf8),
      id: alert.id,
      at: world.now()
    )
    let response = try await client.send(request)
    // What it says does not matter.
    response.body.cancel()
    guard (200..<300).contains(response.status) else {
      throw Refused(status: response.status, origin: url.origin)
    }
    return []
  }

  private struct Refused: Error, CustomStringConvertible {
    var status: Int
    var origin: String
    var description: String { "\(origin) answered \(status), not 2xx" }
  }
}
