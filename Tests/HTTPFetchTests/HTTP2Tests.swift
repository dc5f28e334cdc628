import HTTPFetch
import TestSupport
import Testing

/// HTTP/2, as the warehouses' APIs speak it.
struct HTTP2Tests {
  private let server: TestServer
  private let client: HTTPClient

  init() throws {
    server = try TestServer("http2_server.py", python: TestServer.packagedPython())
    client = try HTTPClient(.local(authorityFile: server.certificates.authorityFile))
  }

  @Test func itIsUsedWhereItIsOffered() async throws {
    let response = try await client.get(server.url("/", tls: true))
    #expect(response.version == "2")
    #expect(response.headers["x-version"] == "2")
    var configuration = client.configuration
    configuration.usesHTTP2 = false
    let old = try await HTTPClient(configuration).get(server.url("/", tls: true))
    #expect(old.version == "1.1")
  }

  @Test func bodiesBothWays() async throws {
    for count in [0, 1, 100_000, 3_000_000] {
      let body = pattern(count)
      let request = HTTPRequest(.post, try server.url("/", tls: true), body: body)
      #expect(try await client.send(request).collect(limit: 4_000_000) == body)
    }
  }

  /// Each has a connection of its own: on a shared one, libcurl 7.88 would hold the last one up with
  /// the first.
  @Test func pausedStreamsHoldNobodyUp() async throws {
    var held: [HTTPResponse] = []
    for _ in 0..<3 { held.append(try await client.get(server.url("/bytes/5000000", tls: true))) }
    for response in held.reversed() {
      #expect(response.version == "2")
      #expect(try await response.collect(limit: 5_000_000) == pattern(5_000_000))
    }
  }

  @Test func aSlowReaderGetsAll() async throws {
    let response = try await client.get(server.url("/bytes/5000000", tls: true))
    var received: [UInt8] = []
    for try await bytes in response.body {
      received += bytes
      if received.count % 3 == 0 { try await Task.sleep(for: .milliseconds(2)) }
    }
    #expect(received == pattern(5_000_000))
  }

  @Test func cancellation() async throws {
    let response = try await client.get(server.url("/bytes/50000000", tls: true))
    _ = try await response.body.next()
    response.body.cancel()
    await #expect(throws: CancellationError.self) { try await response.body.next() }
    #expect(try await client.get(server.url("/", tls: true)).status == 200)
  }
}
