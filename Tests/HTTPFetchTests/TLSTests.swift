import HTTPFetch
import TestSupport
import Testing

/// Certificates are always checked.
struct TLSTests {
  @Test func aTrustedCertificate() async throws {
    let server = try TestServer()
    let client = try HTTPClient(.local(authorityFile: server.certificates.authorityFile))
    #expect(try await client.text(server.url("/small", tls: true)) == "hello")
    #expect(try await client.text(server.url("/bytes/100000", tls: true)).utf8.count == 100_000)
  }

  @Test func theSystemsAuthoritiesDoNotKnowIt() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let error = await failure(.tls) { _ = try await client.get(server.url("/small", tls: true)) }
    #expect(error?.mayHaveArrived == false)
  }

  @Test func anotherAuthority() async throws {
    let server = try TestServer()
    let other = try TestCertificates()
    let client = try HTTPClient(.local(authorityFile: other.authorityFile))
    _ = await failure(.tls) { _ = try await client.get(server.url("/small", tls: true)) }
  }

  @Test func anotherName() async throws {
    let server = try TestServer()
    let client = try HTTPClient(.local(authorityFile: server.certificates.authorityFile))
    let url = try HTTPURL("https://127.0.0.2:\(server.port("elsewhere"))/small")
    _ = await failure(.tls) { _ = try await client.get(url) }
  }

  @Test func noTLSAtAll() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let url = try HTTPURL("https://127.0.0.1:\(server.port("plain"))/small")
    let error = await failure(.cannotConnect) { _ = try await client.get(url) }
    #expect(error?.mayHaveArrived == false)
  }

  @Test func aMissingAuthorityFile() async throws {
    let server = try TestServer()
    let client = try HTTPClient(.local(authorityFile: "/nowhere/authority.pem"))
    _ = await failure(.tls) { _ = try await client.get(server.url("/small", tls: true)) }
  }
}
