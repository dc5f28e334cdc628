import Crypto
import Glibc
import RPC

/// A directory with an authority's certificates, removed with its last owner.
final class TestCertificates: Sendable {
  let directory: String
  private let authority: CertificateAuthority

  init() throws {
    var template = [CChar]("/tmp/sluice-rpc-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw NoDirectory() }
    directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    authority = try CertificateAuthority.create(commonName: "Test CA", validity: .days(1))
    try authority.write(
      certificateFile: "\(directory)/ca.pem",
      privateKeyFile: "\(directory)/ca.key"
    )
  }

  private struct NoDirectory: Error {}

  deinit {
    for name in ["ca", "server", "client", "other", "expired", "elsewhere", "nobody"] {
      unlink("\(directory)/\(name).pem")
      unlink("\(directory)/\(name).key")
    }
    rmdir(directory)
  }

  /// Issues a certificate under `name`, and says where it lies.
  func configuration(
    _ name: String,
    role: String,
    dnsNames: [String] = ["localhost"],
    ipAddresses: [String] = ["127.0.0.1"],
    validity: CertificateValidity = .days(1)
  ) throws -> TLSConfiguration {
    let certificate = try authority.issue(
      role: role,
      instance: "test",
      dnsNames: dnsNames,
      ipAddresses: ipAddresses,
      validity: validity
    )
    let files = TLSConfiguration(
      certificateChainFile: "\(directory)/\(name).pem",
      privateKeyFile: "\(directory)/\(name).key",
      trustRootsFile: "\(directory)/ca.pem"
    )
    try certificate.write(
      certificateFile: files.certificateChainFile,
      privateKeyFile: files.privateKeyFile
    )
    return files
  }

  /// What both ends of a test connection use.
  func pair() throws -> (server: TLSConfiguration, client: TLSConfiguration) {
    (
      try configuration("server", role: "vault"), try configuration("client", role: "orchestrator")
    )
  }
}
