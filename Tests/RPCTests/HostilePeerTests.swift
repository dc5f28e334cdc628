import RPC
import Testing

@Suite("Nothing that a peer sends stops the server")
struct HostilePeerTests {
  private static let rstStream: UInt8 = 3
  private static let headers: UInt8 = 1
  private static let goAway: UInt8 = 7

  /// Sends bytes, waits for the server to hang up, and sees that it still serves others.
  private func expectHangUp(
    _ bytes: [UInt8],
    _ service: EchoService = EchoService()
  ) async throws -> [UInt8] {
    try await withServer([service], tls: nil) { port in
      let answer = try await RawConnection.withConnection(port: port) { connection in
        try await connection.send(bytes)
        return try await connection.untilClosed()
      }
      try await withTransport(port: port, tls: nil) { transport in
        let echo = try await RPCClient(transport: transport).unary(EchoService.echo, Note("alive"))
        #expect(echo.text == "alive")
      }
      return answer
    }
  }

  @Test(
    "bytes that are not HTTP/2 end their connection alone",
    arguments: [
      Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), [UInt8](repeating: 0xFF, count: 100_000),
      [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3] + [UInt8](repeating: 1, count: 200),
    ]
  )
  func garbage(_ bytes: [UInt8]) async throws { _ = try await expectHangUp(bytes) }

  @Test(
    "broken frames end their connection alone",
    arguments: [
      // DATA on stream 0, a frame above the size limit, broken HPACK, PING of a wrong size,
      // CONTINUATION out of place, SETTINGS with half an entry.
      RawConnection.frame(0, 0, 0, [1, 2, 3]), [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1],
      RawConnection.frame(1, 5, 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
      RawConnection.frame(6, 0, 0, [1]), RawConnection.frame(9, 4, 1, [1]),
      RawConnection.frame(4, 0, 0, [1, 2, 3]),
    ]
  )
  func brokenFrames(_ frame: [UInt8]) async throws {
    let answer = try await expectHangUp(RawConnection.preface + frame)
    #expect(answer.contains(Self.goAway))
  }

  @Test("rapid reset (CVE-2023-44487) is stopped, and starts few handlers")
  func rapidReset() async throws {
    let service = EchoService()
    var bytes = RawConnection.preface
    for index in 0..<5000 as Range<UInt32> {
      let id = index * 2 + 1
      bytes += RawConnection.frame(
        Self.headers,
        4,
        id,
        RawConnection.request(path: "/test.Echo/Hang")
      )
      bytes += RawConnection.frame(Self.rstStream, 0, id, [0, 0, 0, 8])
    }
    _ = try await expectHangUp(bytes, service)
    #expect(service.running.value <= 200)
  }

  @Test("a flood of CONTINUATION frames (CVE-2024-27316) is stopped")
  func continuationFlood() async throws {
    var bytes = RawConnection.preface
    bytes += RawConnection.frame(Self.headers, 0, 1, RawConnection.header("a", "b"))
    for _ in 0..<1000 { bytes += RawConnection.frame(9, 0, 1, RawConnection.header("a", "b")) }
    _ = try await expectHangUp(bytes)
  }

  /// Sends one request and then a frame that ends the connection, to read all answers before it.
  private func answer(to request: [UInt8], _ body: [UInt8]? = nil) async throws -> String {
    var bytes = RawConnection.preface
    bytes += RawConnection.frame(Self.headers, body == nil ? 5 : 4, 1, request)
    if let body { bytes += RawConnection.frame(0, 1, 1, body) }
    return try await withServer([EchoService()], tls: nil) { port in
      try await RawConnection.withConnection(port: port) { connection in
        try await connection.send(bytes)
        // GOAWAY: the server closes when the call has ended.
        try await connection.send(RawConnection.frame(Self.goAway, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]))
        return String(decoding: try await connection.untilClosed(), as: UTF8.self)
      }
    }
  }

  private func page(_ method: String, path: String) -> [UInt8] {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")]
      .flatMap { RawConnection.header($0.0, $0.1) }
  }

  @Test("GET / and POST / answer what serves here, for people and for HTTP/2 suites")
  func rootPage() async throws {
    #expect(try await answer(to: page("GET", path: "/")).contains("gRPC\n"))
    #expect(try await answer(to: page("POST", path: "/"), [1, 2, 3]).contains("gRPC\n"))
    #expect(try await !answer(to: page("GET", path: "/x")).contains("gRPC\n"))
  }
}
