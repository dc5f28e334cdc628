import HTTPFetch
import TestSupport
import Testing

/// Answers that are late, cut, too large or none.
struct HTTPFailureTests {
  private func client(_ change: (inout HTTPClientConfiguration) throws -> Void) throws -> HTTPClient
  {
    var configuration = try HTTPClientConfiguration.local()
    try change(&configuration)
    return try HTTPClient(configuration)
  }

  @Test(arguments: ["/half", "/half-chunked", "/reset-body"])
  func aCutBodyIsAnError(path: String) async throws {
    let server = try TestServer()
    let response = try await HTTPClient.local().get(server.url(path))
    #expect(response.status == 200)
    do {
      _ = try await response.collect(limit: 1 << 20)
      Issue.record("the body is not complete")
    } catch let error as FetchError {
      #expect([.truncated, .connectionLost, .badEncoding].contains(error.kind), "\(error)")
      #expect(error.mayHaveArrived)
    }
    // The same again, not an end that looks whole.
    await #expect(throws: FetchError.self) { try await response.body.next() }
  }

  @Test(arguments: [
    ("/reset", FetchError.Kind.connectionLost), ("/no-http", .protocolViolation),
    ("/endless-header", .headersTooLarge), ("/endless-interim", .headersTooLarge),
  ])
  func noHeadIsAnError(path: String, kind: FetchError.Kind) async throws {
    let server = try TestServer()
    let error = await failure(kind) { _ = try await HTTPClient.local().get(server.url(path)) }
    #expect(error?.mayHaveArrived == true)
  }

  @Test func nobodyListens() async throws {
    let server = try TestServer()
    // A port that was just given back.
    let port = try TestServer().port("plain")
    let url = try HTTPURL("http://127.0.0.1:\(port)/")
    let error = await failure(.cannotConnect) { _ = try await HTTPClient.local().get(url) }
    #expect(error?.mayHaveArrived == false)
    _ = server
  }

  @Test func aNameThatDoesNotExist() async throws {
    let url = try HTTPURL("http://nowhere.invalid/")
    let error = await failure(.hostNotFound) { _ = try await HTTPClient.local().get(url) }
    #expect(error?.mayHaveArrived == false)
  }

  @Test func noAnswerInTime() async throws {
    let server = try TestServer()
    let client = try client { $0.timeouts.firstByte = .milliseconds(200) }
    let error = await failure(.timeout) { _ = try await client.get(server.url("/slow/60000")) }
    #expect(error?.mayHaveArrived == true)
  }

  @Test func noHandshakeInTime() async throws {
    let server = try TestServer()
    let client = try client { $0.timeouts.connect = .milliseconds(200) }
    let url = try HTTPURL("https://127.0.0.1:\(server.port("silent"))/")
    let error = await failure(.timeout) { _ = try await client.get(url) }
    #expect(error?.mayHaveArrived == false)
  }

  @Test(arguments: ["/stall", "/drip"])
  func aBodyThatStandsStillOrCrawls(path: String) async throws {
    let server = try TestServer()
    let client = try client {
      $0.timeouts.stall = .seconds(1)
      $0.timeouts.minimumRate = 100
    }
    let response = try await client.get(server.url(path))
    _ = await failure(.timeout) { _ = try await response.collect(limit: 1 << 20) }
  }

  @Test func theWholeTakesTooLong() async throws {
    let server = try TestServer()
    let client = try client {
      $0.timeouts.whole = .milliseconds(300)
      $0.maximumConnections = 1
    }
    var slow = try HTTPRequest(.get, server.url("/drip"))
    slow.timeouts = FetchTimeouts(whole: .seconds(2))
    let response = try await client.send(slow)
    // Waits in line for the connection above, longer than it may.
    let error = await failure(.timeout) { _ = try await client.get(server.url("/small")) }
    #expect(error?.mayHaveArrived == false)
    _ = await failure(.timeout) { _ = try await response.collect(limit: 1 << 20) }
  }

  @Test func aBombIsCut() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let response = try await client.get(server.url("/bomb/256"))
    var seen = 0
    let error = await failure(.bodyTooLarge) {
      while let bytes = try await response.body.next() { seen += bytes.count }
    }
    #expect(error?.message.contains("100 times") == true)
    #expect(seen <= 17 << 20)
  }

  @Test func bytesCountAfterDecoding() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    var request = HTTPRequest(.get, try server.url("/gzip"))
    request.limits.decoded = 8_999
    let capped = request
    _ = await failure(.bodyTooLarge) { _ = try await client.send(capped).collect(limit: 1 << 20) }
    request.limits.decoded = 9_000
    #expect(try await client.send(request).collect(limit: 9_000).count == 9_000)
    let response = try await client.send(request)
    _ = await failure(.bodyTooLarge) { _ = try await response.collect(limit: 8_999) }
  }

  @Test func badGzip() async throws {
    let server = try TestServer()
    _ = await failure(.badEncoding) {
      _ = try await HTTPClient.local().get(server.url("/bad-gzip")).collect(limit: 1 << 20)
    }
  }

  /// libcurl alone sends it again on a new connection: a purchase would count twice.
  @Test func aPostIsNotSentTwice() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let bodies: [(name: String, body: [UInt8]?)] = [("full", Array("buy".utf8)), ("none", nil)]
    for (name, body) in bodies {
      let url = try server.url("/second-is-lost/\(name)")
      #expect(try await client.text(url) == "first")
      do {
        let response = try await client.send(HTTPRequest(.post, url, body: body))
        // Without a body it went over a connection of its own.
        #expect(body == nil && response.status == 200)
      } catch let error as FetchError {
        #expect(error.kind == .connectionLost)
        #expect(error.mayHaveArrived)
      }
      #expect(try server.counts()["POST /second-is-lost/\(name)"] == 1)
    }
  }

  @Test func aGetIsSentAgainOnANewConnection() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    #expect(try await client.text(server.url("/second-is-lost")) == "first")
    #expect(try await client.text(server.url("/second-is-lost")) == "first")
    var put = HTTPRequest(.post, try server.url("/second-is-lost"), body: Array("same id".utf8))
    put.isIdempotent = true
    #expect(try await client.send(put).collect(limit: 10) == Array("first".utf8))
  }
}
