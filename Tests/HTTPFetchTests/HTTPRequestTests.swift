import HTTPFetch
import Testing

/// URLs, headers, and what of them is printed.
struct HTTPRequestTests {
  @Test(
    arguments: [
      ("https://Example.com", "https://example.com/"),
      ("HTTPS://example.com.:443/a/../b?x=%2F#", nil),
      ("https://example.com:443/a/../b?x=%2F", "https://example.com/a/../b?x=%2F"),
      ("https://example.com?x", "https://example.com/?x"),
      ("http://[0::1]:80/", "http://[::1]/"),
      ("https://example.com:8443/", "https://example.com:8443/"),
      ("https://user@example.com/", nil), ("https://user:p@example.com/", nil),
      ("https://example.com@evil.example/", nil), ("https://example.com\\@evil.example/", nil),
      ("https:///path", nil), ("https:example.com", nil), ("//example.com", nil),
      ("file:///etc/passwd", nil),
      ("gopher://example.com/", nil), ("https://example.com/a b", nil),
      ("https://example.com/\r\nX: y", nil),
      ("https://example.com/ä", nil), ("https://example.com:0/", nil),
      ("https://example.com:65536/", nil),
      ("https://example.com:/", nil), ("https://example.com:+443/", nil), ("https://::1/", nil),
      ("https://[::1", nil), ("https://[::1]x/", nil), ("https://[127.0.0.1]/", nil),
      ("https://[fe80::1%25eth0]/", nil), ("https://2130706433/", nil), ("https://0x7f.1/", nil),
      ("https://example.com/\u{0}", nil), ("https://127.0.0.1:80:80/", nil),
      ("https://a%2eb/", nil), ("", nil),
    ] as [(String, String?)]
  )
  func urls(text: String, expected: String?) throws {
    guard let expected else {
      #expect(throws: FetchError.self) { try HTTPURL(text) }
      return
    }
    #expect(try HTTPURL(text).fullText == expected)
  }

  @Test func anotherTargetStaysAtItsPlace() throws {
    let url = try HTTPURL("https://example.com:8443/a?b")
    #expect(try url.replacing(target: "/c?d").fullText == "https://example.com:8443/c?d")
    for place in [url, try HTTPURL("https://example.com/")] {
      for target in [".evil.example/", "@evil.example/", ""] {
        #expect(throws: FetchError.self) { try place.replacing(target: target) }
      }
    }
  }

  @Test(arguments: [
    ("X-A", "a\r\nX-B: b"), ("X-A", "a\nb"), ("X-A", "a\rb"), ("X-A", "a\u{0}b"), ("X-A", "ä"),
    ("X A", "a"), ("", "a"), ("X-A:", "a"), ("X-A\r\n", "a"), ("Ä", "a"), ("Content-Length", "1"),
    ("TRANSFER-encoding", "chunked"), ("Host", "evil.example"), ("Connection", "close"),
  ])
  func headersThatAreRefused(name: String, value: String) {
    var headers = HTTPHeaders()
    let error = #expect(throws: FetchError.self) { try headers.add(name, value) }
    #expect(error?.message.contains("evil") == false)
    #expect(headers.fields.isEmpty)
  }

  @Test func secretsAreNotPrinted() throws {
    var headers = HTTPHeaders()
    try headers.add("Authorization", "Bearer canary")
    var request = HTTPRequest(
      .post,
      try HTTPURL("https://example.com/path?X-Amz-Signature=canary"),
      headers: headers,
      body: Array("canary".utf8)
    )
    var dumped = ""
    dump(request, to: &dumped)
    dump(headers.fields, to: &dumped)
    let printed =
      "\(request) \(request.url) \(headers) \(headers.fields) \(String(reflecting: request))"
    #expect(!(printed + dumped).contains("canary"))
    #expect("\(request)" == "POST https://example.com/path?[redacted]")
    request.hidesPath = true
    #expect("\(request)" == "POST https://example.com/[redacted]")
  }

  /// Every way to fail, with secrets everywhere.
  @Test(arguments: ["/reset", "/half", "/no-http", "/stall", "/bad-gzip", "/endless-header"])
  func errorsHoldNoSecrets(path: String) async throws {
    let server = try TestServer()
    var configuration = try HTTPClientConfiguration.local()
    configuration.timeouts.stall = .milliseconds(200)
    configuration.timeouts.firstByte = .seconds(5)
    var headers = HTTPHeaders()
    try headers.add("Authorization", "Bearer canary")
    let request = HTTPRequest(
      .post,
      try server.url("\(path)?token=canary"),
      headers: headers,
      body: Array("canary".utf8)
    )
    do {
      _ = try await HTTPClient(configuration).send(request).collect(limit: 1 << 20)
      Issue.record("no error")
    } catch let error as FetchError {
      var dumped = ""
      dump(error, to: &dumped)
      #expect(!"\(error) \(dumped)".contains("canary"))
    }
  }
}
