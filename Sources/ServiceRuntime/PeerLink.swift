public import Logging
public import RPC

/// The way to one service: a connection to each of its addresses, made when the service is first
/// called and again after a loss.
public struct PeerLink: Sendable {
  private let transport: BalancedTransport

  public init(to address: HostPort, tls: TLSFiles, logger: Logger) {
    self.init(to: [address], tls: tls, logger: logger)
  }

  /// - Parameter addresses: calls spread over all that is behind them.
  public init(to addresses: [HostPort], tls: TLSFiles, logger: Logger) {
    var configuration = BalancedTransport.Configuration()
    configuration.connection.keepalive = .init()
    transport = BalancedTransport(
      targets: addresses.map { ServerTarget(host: $0.host, port: $0.port) },
      tls: TLSConfiguration(tls),
      configuration: configuration,
      logger: logger
    )
  }

  public var client: RPCClient {
    RPCClient(transport: InterceptedTransport(transport, CallTracing()))
  }

  public func close() async { await transport.close() }
}

extension TLSConfiguration {
  public init(_ files: TLSFiles, wipesPlaintext: Bool = false) {
    self.init(
      certificateChainFile: files.certificate,
      privateKeyFile: files.key,
      trustRootsFile: files.authority,
      wipesPlaintext: wipesPlaintext
    )
  }
}
