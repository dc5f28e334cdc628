import HTTPFetch
import TestSupport
import Testing

/// Bodies as streams: order, back-pressure, cancellation.
struct HTTPStreamTests {
  @Test(arguments: ["/bytes/20000000", "/chunked/20000000"])
  func aLongBodyComesWholeAndInOrder(path: String) async throws {
    let server = try TestServer()
    let response = try await HTTPClient.local().get(server.url(path))
    var received: [UInt8] = []
    var largest = 0
    for try await bytes in response.body {
      received += bytes
      largest = max(largest, bytes.count)
      // A reader that is slower than the server.
      if received.count % 7 == 0 { try await Task.sleep(for: .milliseconds(1)) }
    }
    #expect(received == pattern(20_000_000))
    #expect(largest <= 262_144)
  }

  @Test func whatIsNotReadHoldsTheServerUp() async throws {
    let server = try TestServer()
    var configuration = try HTTPClientConfiguration.local()
    configuration.timeouts.stall = .seconds(2)
    let client = try HTTPClient(configuration)
    let response = try await client.get(server.url("/bytes/200000000"))
    var last = -1
    // Until it stands still: the sockets' buffers and ours are full.
    while true {
      try await Task.sleep(for: .milliseconds(300))
      let sent = try server.counts()["bytes sent", default: 0]
      if sent == last { break }
      last = sent
    }
    #expect(last < 20_000_000)
    // Longer than `stall`, which is not the server's fault.
    try await Task.sleep(for: .milliseconds(2500))
    var count = 0
    while count < 30_000_000, let bytes = try await response.body.next() { count += bytes.count }
    #expect(count >= 30_000_000)
  }

  /// Two that are held up do not hold up the third, which they wait for.
  @Test func aPausedBodyHoldsNobodyElseUp() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let held = [
      try await client.get(server.url("/bytes/5000000")),
      try await client.get(server.url("/bytes/5000000")),
    ]
    let third = try await client.get(server.url("/bytes/5000000"))
    #expect(try await third.collect(limit: 5_000_000) == pattern(5_000_000))
    for response in held {
      #expect(try await response.collect(limit: 5_000_000) == pattern(5_000_000))
    }
  }

  @Test func cancellationBeforeTheHead() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let task = Task { try await client.get(server.url("/slow/60000")) }
    while try server.counts()["GET /slow/60000"] == nil {
      try await Task.sleep(for: .milliseconds(5))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await closed(server)
  }

  @Test func cancellationWhileReading() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let response = try await client.get(server.url("/stall"))
    let task = Task { try await response.collect(limit: 1 << 20) }
    try await Task.sleep(for: .milliseconds(50))
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    try await closed(server)
  }

  @Test func lettingGoOfAResponseEndsIt() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    do { _ = try await client.get(server.url("/stall")) }
    try await closed(server)
    #expect(try await client.text(server.url("/small")) == "hello")
  }

  @Test func cancellingThousandsThatWait() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let task = Task {
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<3000 {
          group.addTask {
            do {
              _ = try await client.get(server.url("/slow/60000"))
              return false
            } catch { return error is CancellationError }
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
    }
    while try server.counts()["GET /slow/60000", default: 0] < 8 {
      try await Task.sleep(for: .milliseconds(5))
    }
    task.cancel()
    #expect(await task.value == 3000)
    #expect(try await client.text(server.url("/small")) == "hello")
  }

  @Test func shuttingDownEndsEverything() async throws {
    let server = try TestServer()
    let client = try HTTPClient.local()
    let response = try await client.get(server.url("/stall"))
    client.shutDown()
    _ = await failure(.closed) { _ = try await response.collect(limit: 1 << 20) }
    _ = await failure(.closed) { _ = try await client.get(server.url("/small")) }
  }

  /// The loop takes what is posted in one go: a request that comes right behind the end is answered too.
  @Test(.timeLimit(.minutes(1)))
  func aRequestThatComesWithTheEndIsToldSo() async throws {
    let server = try TestServer()
    for _ in 0..<300 {
      let client = try HTTPClient.local()
      client.shutDown()
      let error = await #expect(throws: FetchError.self) {
        _ = try await client.get(server.url("/small"))
      }
      #expect(error?.kind == .closed)
    }
  }

  /// The server sees its connections end.
  private func closed(_ server: TestServer) async throws {
    while try server.counts()["open", default: 0] > 0 {
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}
