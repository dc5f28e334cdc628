import Crypto
import Glibc
import RPC
import Testing

@Suite("Mutual TLS lets in whom the authority knows")
struct TLSTests {
  private func call(_ port: Int, _ tls: TLSConfiguration?, host: String = "127.0.0.1") async throws
  {
    try await withTransport(host: host, port: port, tls: tls) { transport in
      _ = try await RPCClient(transport: transport).unary(EchoService.echo, Note())
    }
  }

  /// Has `body` fail against a server that goes on serving.
  private func expectFailure(
    _ certificates: TestCertificates,
    server: TLSConfiguration,
    client: TLSConfiguration?,
    host: String = "127.0.0.1",
    saying text: String
  ) async throws {
    try await withServer([EchoService()], tls: server) { port in
      let error = await #expect(throws: RPCError.self) {
        try await call(port, client, host: host)
      }
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
    }
  }

  @Test("by name and by address")
  func names() async throws {
    let certificates = try TestCertificates()
    let (server, client) = try certificates.pair()
    try await withServer([EchoService()], tls: server) { port in
      try await call(port, client, host: "127.0.0.1")
      try await call(port, client, host: "localhost")
    }
  }

  @Test("a client of another authority is refused, and told so")
  func unknownClient() async throws {
    let certificates = try TestCertificates()
    let strangers = try TestCertificates()
    var client = try strangers.pair().client
    client.trustRootsFile = "\(certificates.directory)/ca.pem"
    try await expectFailure(
      certificates,
      server: certificates.pair().server,
      client: client,
      saying: "does not trust the authority of our certificate"
    )
  }

  @Test("a server of another authority is refused")
  func unknownServer() async throws {
    let certificates = try TestCertificates()
    let strangers = try TestCertificates()
    var client = try certificates.pair().client
    client.trustRootsFile = "\(strangers.directory)/ca.pem"
    try await expectFailure(
      certificates,
      server: certificates.pair().server,
      client: client,
      saying: "not from a trusted authority"
    )
  }

  @Test(
    "a server whose certificate has another name is refused",
    arguments: ["localhost", "127.0.0.1"]
  )
  func otherName(_ host: String) async throws {
    let certificates = try TestCertificates()
    let server = try certificates.configuration(
      "elsewhere",
      role: "vault",
      dnsNames: ["elsewhere.example"],
      ipAddresses: ["192.0.2.1"]
    )
    try await expectFailure(
      certificates,
      server: server,
      client: certificates.pair().client,
      host: host,
      saying: "for another name"
    )
  }

  @Test("a client without TLS gets no answer")
  func plaintextClient() async throws {
    let certificates = try TestCertificates()
    try await expectFailure(
      certificates,
      server: certificates.pair().server,
      client: nil,
      saying: "was lost"
    )
  }

  @Test("a client without a certificate is refused, and others are served")
  func noCertificate() async throws {
    let certificates = try TestCertificates()
    let (server, client) = try certificates.pair()
    try await withServer([EchoService()], tls: server) { port in
      let output = try openSSLClient(port, certificates)
      #expect(output.contains("alert certificate required") || output.contains("alert number 116"))
      try await call(port, client)
    }
  }

  /// What `openssl s_client` says when it connects without a certificate.
  private func openSSLClient(_ port: Int, _ certificates: TestCertificates) throws -> String {
    let path = "\(certificates.directory)/other.pem"
    // Standard input must neither end nor bring anything: a pipe opened for both is so.
    let pipe = "\(certificates.directory)/nobody.pem"
    let command =
      "mkfifo \(pipe) && openssl s_client -connect 127.0.0.1:\(port) -alpn h2 -tls1_3 -CAfile "
      + "\(certificates.directory)/ca.pem <>\(pipe) >\(path) 2>&1"
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = [
      strdup("sh"), strdup("-c"), strdup(command), nil,
    ]
    defer { for argument in arguments { free(argument) } }
    let code = posix_spawnp(&process, "sh", nil, nil, &arguments, environ)
    try #require(code == 0)
    var status: Int32 = 0
    waitpid(process, &status, 0)
    let file = try #require(fopen(path, "r"))
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 100_000)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  // MARK: Our own files

  private func expectUnusable(_ tls: TLSConfiguration, saying text: String) async throws {
    let server = HTTP2Server(
      host: "127.0.0.1",
      port: 0,
      tls: tls,
      router: RPCRouter(),
      logger: quietLogger
    )
    let error = await #expect(throws: TLSError.self) { try await server.run() }
    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test("a missing file is named")
  func missingFile() async throws {
    let files = try TestCertificates()
    var tls = try files.pair().server
    tls.certificateChainFile = "/nowhere/server.pem"
    try await expectUnusable(
      tls,
      saying: "cannot read the certificate chain /nowhere/server.pem: No such file"
    )
    tls = try files.pair().server
    tls.trustRootsFile = "/nowhere/ca.pem"
    try await expectUnusable(tls, saying: "cannot read the trust roots /nowhere/ca.pem")
  }

  @Test("a key of another certificate is named")
  func wrongKey() async throws {
    let files = try TestCertificates()
    let (server, client) = try files.pair()
    var tls = server
    tls.privateKeyFile = client.privateKeyFile
    try await expectUnusable(tls, saying: "does not belong to the certificate")
  }

  @Test("a file that holds something else is named")
  func wrongContent() async throws {
    let files = try TestCertificates()
    var tls = try files.pair().server
    tls.privateKeyFile = tls.certificateChainFile
    try await expectUnusable(tls, saying: "holds no usable private key")
  }

  @Test("an expired certificate is named")
  func expired() async throws {
    let files = try TestCertificates()
    let now = Int64(time(nil))
    let tls = try files.configuration(
      "expired",
      role: "vault",
      validity: CertificateValidity(notBefore: now - 7200, notAfter: now - 3600)
    )
    try await expectUnusable(tls, saying: "expired.pem has expired")
  }
}
