import ArgumentParser
import ServiceRuntime

struct CertificatesNoun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certificates",
    abstract: "Certificates for the services' mutual TLS.",
    subcommands: [CertificatesCreate.self]
  )
}

struct CertificatesCreate: SessionCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Makes an authority, and certificates for the three services and an operator.",
    discussion: """
      Writes ca.pem and ca.key, then vault, orchestrator, writer and operator (.pem and .key) into
      the directory. Whoever has an authority issues certificates with the same roles from it:
      URI:urn:sluice:role:<role>:<instance> in the subject alternative names.
      """
  )
  @Option(help: "The directory; made if need be.") var out: String
  @Option(
    name: .customLong("host"),
    help: "A host name or address of a service, such as vault=vault.internal; repeatable."
  )
  var hosts: [String] = []
  @Option(help: "For how many days the services' certificates are valid.") var days = 365
  @Flag(help: "Keep the authority that is there and make new certificates from it.")
  var renew = false
  @OptionGroup var options: GlobalOptions

  func validate() throws {
    guard (1...3650).contains(days) else {
      throw ValidationError("--days must be from 1 to 3650, not \(days)")
    }
    _ = try hostNames()
  }

  private func hostNames() throws -> [ServiceRole: [String]] {
    var result: [ServiceRole: [String]] = [:]
    for host in hosts {
      let parts = host.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let role = ServiceRole(rawValue: parts[0]) else {
        throw ValidationError(
          "--host must be SERVICE=NAME with vault, orchestrator or writer, not \"\(host)\""
        )
      }
      result[role, default: []].append(parts[1])
    }
    return result
  }

  func run(in session: Session) async throws -> ExitStatus {
    let directory = CertificateDirectory(path: out)
    if directory.hasAuthority, !renew {
      throw CommandFailure(
        "\(out) already holds an authority (ca.pem)",
        hint: "--renew makes new certificates from it; or choose another --out",
        code: "already_exists",
        exit: .conflict
      )
    }
    if renew, !directory.hasAuthority {
      throw CommandFailure(
        "there is no authority (ca.pem) in \(out) to renew from",
        hint: "leave --renew away",
        exit: .notFound
      )
    }
    try directory.prepare(hosts: try hostNames(), days: days)
    let printer = session.printer([Column("ROLE", "role"), Column("CERTIFICATE", "certificate")])
    for role in CertificateDirectory.roles {
      try printer.add(
        Record(
          name: role,
          fields: [
            "role": .text(role), "certificate": .text(directory.certificate(role)),
            "key": .text(directory.key(role)), "authority": .text(directory.authority),
          ]
        )
      )
    }
    try printer.finish()
    session.hint(
      "keep ca.key away from the services; sluice context set NAME --certificate "
        + "\(directory.certificate("operator")) …"
    )
    return .ok
  }
}
