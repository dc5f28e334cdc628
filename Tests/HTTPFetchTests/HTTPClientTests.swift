import Foundation
import HTTPFetch
import TestSupport
import Testing

/// Plain answers over real sockets.
struct HTTPClientTests {
  private struct Echo: Decodable {
    var method: String
    var target: String
    var fields: [[String]]
    var body: String

    func values(_ name: String) -> [String] {
      fields.filter { $0[0].lowercased() == name }.map { $0[1] }
    }
  }

  @Test func anAnswerHasStatusHeadersAndBody() async throws {
    let server = try TestServer()
    let response = try await HTTPClient.local().get(server.url("/small"))
    #expect(response.status == 200)
    #expect(response.version == "1.1")
    #expect(response.headers["x-FIRST"] == "1")
    #expect(response.headers.all("X-Twice") == ["a", "b"])
    #expect(try await response.collect(limit: 5) == Array("hello".utf8))
  }

  @Test func aRequestArrivesAsItWasMade() async throws {
    let server = try TestServer()
    var headers = HTTPHeaders()
    try headers.add("X-B", "2")
    try headers.add("X-A", " 1 ")
    try headers.add("X-B", "3")
    try headers.add("X-Empty", "")
    let client = try HTTPClient.local()
    for method in [HTTPMethod.post, .put, .patch, .delete] {
      let body = Array("\u{0}a=b\r\n".utf8)
      let request = HTTPRequest(
        method,
        try server.url("/nothing/../echo/?q=%2f;a|b"),
        headers: headers,
        body: body
      )
      let response = try await client.send(request)
      // The dots stay: a signed link would break.
      #expect(response.status == 404)
      var plain = request
      plain.url = try server.url("/echo?q=%2f;a|b")
      let answer = try await client.send(plain).collect(limit: 100_000)
      let echo = try JSONDecoder().decode(Echo.self, from: Data(answer))
      #expect(echo.method == method.rawValue)
      #expect(echo.target == "/echo?q=%2f;a|b")
      #expect(
        echo.fields.filter { $0[0].hasPrefix("X-") }.map { $0[0] } == [
          "X-B", "X-A", "X-B", "X-Empty",
        ]
      )
      #expect(echo.values("x-a") == ["1"])
      #expect(echo.values("content-length") == ["\(body.count)"])
      #expect(echo.values("content-type").isEmpty)
      #expect(echo.values("expect").isEmpty)
      #expect(echo.values("cookie").isEmpty)
      #expect(echo.values("user-agent") == ["sluice"])
      #expect(echo.body.utf8.elementsEqual(body))
    }
  }

  @Test func aLargeRequestBodyArrivesWhole() async throws {
    let server = try TestServer()
    let body = pattern(8 << 20)
    let answer = try await HTTPClient.local()
      .send(HTTPRequest(.post, server.url("/echo"), body: body))
      .collect(limit: 32 << 20)
    let echo = try JSONDecoder().decode(Echo.self, from: Data(answer))
    #expect(echo.body.utf8.elementsEqual(body))
  }

  @Test func emptyAnswersEnd() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let none = try await client.get(server.url("/empty"))
    #expect(none.status == 204)
    #expect(try await none.collect(limit: 0) == [])
    let head = try await client.send(HTTPRequest(.head, server.url("/head")))
    #expect(head.headers["Content-Length"] == "12345")
    #expect(try await head.collect(limit: 0) == [])
    let post = try await client.send(HTTPRequest(.post, server.url("/small")))
    #expect(post.status == 200)
  }

  @Test func interimAnswersArePassedOver() async throws {
    let server = try TestServer()
    let response = try await HTTPClient.local().get(server.url("/interim"))
    #expect(response.status == 200)
    #expect(response.headers["Link"] == nil)
    #expect(try await response.collect(limit: 5) == Array("final".utf8))
  }

  @Test func aRedirectIsAnAnswerAndNoCookieIsKept() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let response = try await client.get(server.url("/redirect"))
    #expect(response.status == 302)
    #expect(response.headers["location"] == "/small")
    let echo = try await client.text(server.url("/echo"))
    #expect(!echo.lowercased().contains("cookie"))
    #expect(try server.counts()["GET /small"] == nil)
  }

  @Test(arguments: ["/gzip", "/deflate"])
  func compressedAnswersAreUnpacked(path: String) async throws {
    let server = try TestServer()
    let text = try await HTTPClient.local().text(server.url(path))
    #expect(text == String(repeating: "unpacked ", count: 1000))
  }

  @Test func connectionsAreUsedAgain() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    for _ in 0..<20 { #expect(try await client.text(server.url("/small")) == "hello") }
    #expect(try server.counts()["connections"] == 1)
  }

  @Test func connectionsAreBounded() async throws {
    let server = try TestServer()
    var configuration = try HTTPClientConfiguration.local()
    configuration.maximumConnectionsPerHost = 3
    let client = try HTTPClient(configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<30 {
        group.addTask {
          let text = try await client.text(server.url("/slow/20"))
          #expect(text == "late")
        }
      }
      try await group.waitForAll()
    }
    #expect(try server.counts()["most open"] == 3)
  }

  @Test func tooManyThatWaitAreRefused() async throws {
    let server = try TestServer()
    var configuration = try HTTPClientConfiguration.local()
    configuration.maximumConnections = 1
    configuration.maximumWaiting = 1
    let client = try HTTPClient(configuration)
    let first = try await client.get(server.url("/stall"))
    let second = Task { try await client.text(server.url("/small")) }
    // One place is taken and one waits, as soon as a further one is refused.
    var refused = false
    while !refused {
      let third = Task { try await client.text(server.url("/small")) }
      let timer = Task {
        try await Task.sleep(for: .milliseconds(200))
        third.cancel()
      }
      do { _ = try await third.value } catch let error as FetchError {
        refused = error.kind == .overloaded
      } catch {}
      timer.cancel()
    }
    first.body.cancel()
    #expect(try await second.value == "hello")
  }

  /// In a process of its own: other tests' memory does not count.
  @Test(.enabled(if: !isSanitized, "a sanitizer keeps what was freed"))
  func tenThousandSmallRequestsNeedLittleMemory() async {
    await #expect(processExitsWith: .success) {
      let server = try TestServer()
      let client = try HTTPClient.local()
      for _ in 0..<500 { _ = try await client.text(server.url("/small")) }
      let before = try residentBytes()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<16 {
          group.addTask {
            for _ in 0..<625 {
              let text = try await client.text(server.url("/small"))
              #expect(text == "hello")
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(try server.counts()["GET /small"] == 10_500)
      #expect(try server.counts()["connections", default: 0] <= 8)
      #expect(try residentBytes() - before < 4 << 20)
    }
  }
}

private var isSanitized: Bool {
  dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}

private func residentBytes() throws -> Int {
  let words = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
  return try #require(Int(words[1])) * 4096
}
