import Crypto
import ServiceRuntime

/// A directory with an authority of our own and the certificates that it issued.
struct CertificateDirectory {
  var path: String

  /// The services, and the one who runs them.
  static let roles = ServiceRole.allCases.map(\.rawValue) + ["operator"]

  var authority: String { path + "/ca.pem" }
  private var authorityKey: String { path + "/ca.key" }
  func certificate(_ role: String) -> String { "\(path)/\(role).pem" }
  func key(_ role: String) -> String { "\(path)/\(role).key" }

  func tls(_ role: String) -> TLSFiles {
    TLSFiles(certificate: certificate(role), key: key(role), authority: authority)
  }

  var hasAuthority: Bool { RegularFile.exists(authority) }

  /// Makes the authority unless it is there, and a new certificate for every role.
  /// - Parameter hosts: names and addresses besides localhost, which is always among them.
  func prepare(hosts: [ServiceRole: [String]] = [:], days: Int) throws {
    do {
      try RegularFile.makeDirectory(path)
      let authority = try loadOrMakeAuthority()
      for role in Self.roles {
        let names = ServiceRole(rawValue: role).flatMap { hosts[$0] } ?? []
        let addresses = names.filter(Self.isAddress)
        try authority.issue(
          role: role,
          instance: "local",
          dnsNames: ["localhost"] + names.filter { !Self.isAddress($0) && $0 != "localhost" },
          ipAddresses: ["127.0.0.1", "::1"] + addresses.filter { $0 != "127.0.0.1" && $0 != "::1" },
          days: days
        ).write(certificateFile: certificate(role), privateKeyFile: key(role))
      }
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure("cannot make the certificates in \(path): \(error)", exit: .failure)
    }
  }

  private func loadOrMakeAuthority() throws -> CertificateAuthority {
    if hasAuthority {
      return try CertificateAuthority.load(
        certificateFile: authority,
        privateKeyFile: authorityKey
      )
    }
    let made = try CertificateAuthority.create()
    try made.write(certificateFile: authority, privateKeyFile: authorityKey)
    return made
  }

  private static func isAddress(_ text: String) -> Bool {
    text.contains(":") || text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
  }
}
