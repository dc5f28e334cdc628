import TestSupport
import Testing

@testable import HTTPFetch

/// What the loop owes to those who wait for it: an end, whatever comes together with what.
@Suite("libcurl's loop")
struct CurlLoopTests {
  private func transfer() throws -> HTTPTransfer {
    HTTPTransfer(
      HTTPRequest(.get, try HTTPURL("http://127.0.0.1:65530/")),
      try HTTPClientConfiguration.local()
    )
  }

  @Test("A call that comes right behind the stop fails; it is not forgotten")
  func startBehindStop() async throws {
    let loop = try CurlLoop(total: 1, perLane: 1, maximumWaiting: 10)
    let late = try transfer()
    #expect(loop.post(.stop))
    #expect(loop.post(.start(late)))
    // The thread's turn: it finds both.
    loop.run()
    // Still open, it would be held for ever by whoever waits.
    #expect(!late.pipe.abandon())
    #expect(!loop.post(.start(late)))
  }

  @Test("Those that are cancelled together with the stop end too")
  func cancelBesideStop() async throws {
    let loop = try CurlLoop(total: 1, perLane: 1, maximumWaiting: 10)
    let transfers = try (0..<3).map { _ in try transfer() }
    for transfer in transfers { #expect(loop.post(.start(transfer))) }
    #expect(loop.post(.cancel(transfers[1])))
    #expect(loop.post(.stop))
    #expect(loop.post(.cancel(transfers[2])))
    loop.run()
    #expect(transfers.map { $0.pipe.abandon() } == [false, false, false])
  }

  @Test("A place that a timeout frees goes to the next in line at once")
  func placeOfATimeout() async throws {
    let server = try TestServer()
    var configuration = try HTTPClientConfiguration.local()
    configuration.maximumConnections = 1
    let client = try HTTPClient(configuration)
    let slow = try server.url("/slow/60000")
    let fast = try server.url("/small")
    let begin = ContinuousClock.now
    async let first: Void = {
      var request = HTTPRequest(.get, slow)
      request.timeouts = FetchTimeouts(firstByte: .milliseconds(300))
      let error = await #expect(throws: FetchError.self) { _ = try await client.send(request) }
      #expect(error?.kind == .timeout)
    }()
    try await Task.sleep(for: .milliseconds(100))
    let response = try await client.send(HTTPRequest(.get, fast))
    _ = try await response.collect(limit: 1 << 20)
    await first
    #expect(ContinuousClock.now - begin < .seconds(20))
  }
}
