import ServiceRuntime

/// Finds the context for a command: `--context`, then `SLUICE_CONTEXT`, then the file's current one;
/// single variables (`SLUICE_VAULT`, `SLUICE_TLS_CERT`, …) override its entries.
struct ContextResolution {
  var variables: [String: String]
  var flag: String?

  func resolve() throws -> (name: String?, context: ConnectionContext) {
    let (name, stored) = try chosen()
    let addressHint = "set it as host:port"
    func address(_ variable: String, _ stored: HostPort?) throws -> HostPort? {
      guard let text = value(variable) else { return stored }
      guard let address = HostPort(text) else {
        throw CommandFailure(
          "\(variable) is \"\(text)\", which is not host:port",
          hint: addressHint,
          exit: .usage
        )
      }
      return address
    }
    guard
      let vault = try address("SLUICE_VAULT", stored?.vault),
      let orchestrator = try address("SLUICE_ORCHESTRATOR", stored?.orchestrator),
      let writer = try address("SLUICE_WRITER", stored?.writer),
      let certificate = value("SLUICE_TLS_CERT") ?? stored?.tls.certificate,
      let key = value("SLUICE_TLS_KEY") ?? stored?.tls.key,
      let authority = value("SLUICE_TLS_CA") ?? stored?.tls.authority
    else {
      throw CommandFailure(
        "no context says where the services are",
        hint: "start them with: sluice dev; or name them with: sluice context set",
        code: "no_context",
        exit: .failure
      )
    }
    return (
      name,
      ConnectionContext(
        vault: vault,
        orchestrator: orchestrator,
        writer: writer,
        tls: TLSFiles(certificate: certificate, key: key, authority: authority),
        workspace: value("SLUICE_WORKSPACE") ?? stored?.workspace ?? "default"
      )
    )
  }

  private func value(_ name: String) -> String? {
    variables[name].flatMap { $0.isEmpty ? nil : $0 }
  }

  private func chosen() throws -> (String?, ConnectionContext?) {
    let file = try ContextsFile.path(variables).map(ContextsFile.load) ?? ContextsFile()
    guard let name = flag ?? value("SLUICE_CONTEXT") ?? file.current else { return (nil, nil) }
    guard let context = file[name] else { throw Self.unknown(name, file) }
    return (name, context)
  }

  static func unknown(_ name: String, _ file: ContextsFile) -> CommandFailure {
    let names = file.contexts.map(\.name)
    return CommandFailure(
      "there is no context \"\(name)\"",
      hint: names.isEmpty
        ? "make one with: sluice dev; or with: sluice context set"
        : "the contexts are: \(names.joined(separator: ", "))",
      code: "context_not_found",
      exit: .notFound
    )
  }
}
