import ServiceRuntime

/// Where the services are and who we are to them: one entry of the contexts file.
struct ConnectionContext: Sendable, Equatable {
  var vault: HostPort
  var orchestrator: HostPort
  var writer: HostPort
  /// The operator's own certificate, and the authority that the services' certificates come from.
  var tls: TLSFiles
  var workspace: String

  subscript(role: ServiceRole) -> HostPort {
    switch role {
    case .vault: vault
    case .orchestrator: orchestrator
    case .writer: writer
    }
  }

  /// The keys of an entry, in the order in which they are written.
  static let keys = [
    "vault", "orchestrator", "writer", "certificate", "key", "authority", "workspace",
  ]

  var fields: OutputObject {
    [
      "vault": .text("\(vault)"), "orchestrator": .text("\(orchestrator)"),
      "writer": .text("\(writer)"), "certificate": .text(tls.certificate), "key": .text(tls.key),
      "authority": .text(tls.authority), "workspace": .text(workspace),
    ]
  }
}
