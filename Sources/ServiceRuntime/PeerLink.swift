public import Logging
public import RPC

/// A connection to one service, made when it is first needed and again after a loss.
public struct PeerLink: Sendable {
  private let transport: HTTP2ClientTransport

  public init(to address: HostPort, tls: TLSFiles, logger: Logger) {
    transport = HTTP2ClientTransport(
      host: address.host,
      port: address.port,
      tls: TLSConfiguration(tls),
      logger: logger
    )
  }

  public var client: RPCClient { RPCClient(transport: transport) }

  public func close() async { await transport.close() }
}

extension TLSConfiguration {
  public init(_ files: TLSFiles) {
    self.init(
      certificateChainFile: files.certificate,
      privateKeyFile: files.key,
      trustRootsFile: files.authority
    )
  }
}
