import Logging
import RPC

/// `--healthcheck`: asks the service that runs with the same settings.
enum HealthProbe {
  /// - Throws: `StartupError` when it does not serve.
  static func run(_ configuration: ServiceConfiguration) async throws {
    let address = configuration.listen.asSeenFromHere
    let link = PeerLink(
      to: address,
      tls: configuration.tls,
      logger: Logger(label: "healthcheck") { _ in SwiftLogNoOpLogHandler() }
    )
    let result: Result<ServingStatus, any Error>
    do {
      result = .success(
        try await HealthClient(link.client).check(options: CallOptions(timeout: .seconds(3)))
      )
    } catch {
      result = .failure(error)
    }
    await link.close()
    let status: ServingStatus
    do {
      status = try result.get()
    } catch {
      throw StartupError(.environment, "\(address): \(StartupFailure.describe(error))")
    }
    guard status == .serving else {
      throw StartupError(.environment, "\(address) answers, and is not serving")
    }
  }
}
