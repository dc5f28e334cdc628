import Foundation
import Glibc
import SyncModel
import TestSupport
import Testing
import Warehouse
import Warehouses

/// The numbers are those of docs/warehouses/redshift.md.
@Suite("Redshift: reading")
struct RedshiftReadingTests {
  let fixture: RedshiftFixture

  init() async throws { fixture = try await RedshiftFixture() }

  /// SLUICE_REDSHIFT_ROWS=5000000 for the whole of point 4.
  static let rows =
    ProcessInfo.processInfo.environment["SLUICE_REDSHIFT_ROWS"].flatMap { Int($0) } ?? 300_000

  @Test("4: rows stream in order; while the reader stands still, so does the cluster")
  func streaming() async throws {
    let name = "rendered_\(fixture.schema)"
    try fixture.emulator.steer(
      "/tenants/\(RedshiftEmulator.database)/render",
      "{\"name\": \"\(name)\", \"rows\": \(Self.rows)}"
    )
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(.table(name), data: .attributes, from: nil)
    let first = try #require(try await reader.nextBatch())
    // Long enough for anything that does not wait to have come.
    try await Task.sleep(for: .milliseconds(500))
    let sent = try fixture.emulator.counters()[name] ?? 0
    // Two batches of 10,000 rows at most, and what the sockets and the emulator's buffer hold.
    #expect(sent < 100_000, "\(sent) rows had been sent")
    var count = first.count
    var last = first.lastUpdatedAt ?? .earliest
    var isOrdered = true
    while let batch = try await reader.nextBatch() {
      batch.forEachRow { _, row in
        if row.updatedAt <= last { isOrdered = false }
        last = row.updatedAt
      }
      count += batch.count
    }
    #expect(count == Self.rows && isOrdered)
    #expect(await reader.reportedRowCount == Int64(Self.rows))
    await connection.close()
  }

  @Test(
    "5: a connection that is reset at a row: what came before stays, the next read has the rest"
  )
  func reset() async throws {
    try fixture.createLarge(rows: 30_000)
    try fixture.emulator.fault("\(fixture.schema).*ORDER BY", #"{"reset_after": 15000}"#)
    let connection = try await fixture.connect()
    let selection = fixture.selection("large")
    let reader = try await connection.readChanges(selection, data: .attributes, from: nil)
    var kept: [ReadRow] = []
    let failure = try await #require(throws: Failure.self) {
      while let batch = try await reader.nextBatch() {
        batch.forEachRow { _, row in kept.append(ReadRow(row)) }
      }
    }
    await connection.close()
    #expect(failure.code == "connection_lost" && failure.recovery == .reconnect)
    #expect(!kept.isEmpty && kept.count <= 15_000)
    #expect(await reader.reportedRowCount == nil)
    let watermark = Timestamp(nanoseconds: try #require(kept.last?.updatedAt))
    let again = try await fixture.connect()
    let rest = try await again.rows(selection, from: watermark)
    await again.close()
    // The row at the watermark comes twice, and is known by its identity.
    #expect(rest.first == kept.last)
    let all = Set((kept + rest).map(\.externalID))
    #expect(all.count == 30_000 && kept.count + rest.count == 30_001)
  }

  @Test(
    "6: a silent connection is kept alive within a minute, long before a middlebox's 350 seconds"
  )
  func keepalive() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    try fixture.emulator.fault("\(fixture.schema).*ORDER BY", #"{"delay": 1.5}"#)
    let connection = try await fixture.connect()
    let reader = try await connection.readChanges(
      fixture.selection("t"),
      data: .attributes,
      from: nil
    )
    async let rows = reader.rest().rows
    try await Task.sleep(for: .milliseconds(500))
    let timers = try Self.keepaliveTimers(remotePort: fixture.emulator.said.port)
    #expect(!timers.isEmpty)
    #expect(timers.allSatisfy { $0 <= 60 }, "\(timers)")
    let sockets = try Self.socketOptions(remotePort: fixture.emulator.said.port)
    #expect(!sockets.isEmpty)
    #expect(sockets.allSatisfy { $0 == SocketOptions.wanted }, "\(sockets)")
    #expect(try await rows.map(\.externalID) == ["a"])
    await connection.close()
  }

  /// What makes the kernel probe a silent connection, and give up one that does not answer (D.3).
  struct SocketOptions: Equatable {
    var keepsAlive: Int32
    /// Seconds of silence before the first probe.
    var idle: Int32
    /// Seconds between probes.
    var interval: Int32
    var count: Int32
    /// Milliseconds that what was sent may stay unanswered.
    var userTimeout: Int32

    static let wanted = SocketOptions(
      keepsAlive: 1,
      idle: 60,
      interval: 15,
      count: 4,
      userTimeout: 60_000
    )
  }

  /// Of this process's sockets that lead to a port.
  static func socketOptions(remotePort: Int) throws -> [SocketOptions] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
      guard let descriptor = Int32(name) else { return nil }
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      // Safety: sockaddr_in is a sockaddr by its first field; the call stays inside `length` bytes.
      let isConnected = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          getpeername(descriptor, $0, &length) == 0
        }
      }
      guard isConnected, address.sin_family == sa_family_t(AF_INET),
        Int(UInt16(bigEndian: address.sin_port)) == remotePort
      else { return nil }
      func option(_ level: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, level, name, &value, &length)
        return value
      }
      let tcp = Int32(IPPROTO_TCP)
      return SocketOptions(
        keepsAlive: option(SOL_SOCKET, SO_KEEPALIVE),
        idle: option(tcp, TCP_KEEPIDLE),
        interval: option(tcp, TCP_KEEPINTVL),
        count: option(tcp, TCP_KEEPCNT),
        userTimeout: option(tcp, TCP_USER_TIMEOUT)
      )
    }
  }

  /// In seconds, until the kernel probes a connection: proc(5), /proc/net/tcp, timer 2.
  static func keepaliveTimers(remotePort: Int) throws -> [Double] {
    let hex = String(remotePort, radix: 16, uppercase: true)
    let suffix = ":" + String(repeating: "0", count: 4 - hex.count) + hex
    // Foundation reads one page of it.
    let (_, table) = try ChildProcess.run(["cat", "/proc/net/tcp"])
    return table.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 5, fields[2].hasSuffix(suffix), fields[3] == "01",
        fields[5].hasPrefix("02:"), let ticks = Int(fields[5].dropFirst(3), radix: 16)
      else { return nil }
      return Double(ticks) / 100
    }
  }

  @Test("7: a timeout, a wait in the queue, and somebody's cancel: three reports")
  func endings() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    func failure(_ settings: [String: String], _ selection: RowSelection) async throws -> Failure {
      let connection = try await fixture.connect(settings)
      let failure = try await #require(throws: Failure.self) {
        _ = try await connection.rows(selection)
      }
      await connection.close()
      return failure
    }
    let slow = RowSelection.query(
      "SELECT *, pg_sleep(30)::varchar AS slow FROM \(fixture.from("t"))"
    )
    let timeout = try await failure(["statement_timeout": "1"], slow)
    #expect(timeout.code == "statement_timeout")
    #expect(timeout.message.contains("1 seconds"))
    try fixture.emulator.fault("\(fixture.schema).*ORDER BY", #"{"queue": 20}"#)
    let queue = try await failure(["statement_timeout": "1"], fixture.selection("t"))
    #expect(queue.code == "queue_timeout")
    #expect(queue.message.contains("WLM"))
    // The same text and state, from somebody who cancels it.
    try fixture.emulator.fault(
      "\(fixture.schema).*ORDER BY",
      #"{"error": "57014", "words": "Query (77) canceled on user's request"}"#
    )
    let cancelled = try await failure(["statement_timeout": "60"], fixture.selection("t"))
    #expect(cancelled.code == "query_cancelled")
    #expect(cancelled.message.contains("by a person or a rule"))
    for failure in [timeout, queue, cancelled] { #expect(failure.recovery == .failRun) }
  }

  @Test("8: cancelling a read reaches the cluster")
  func cancel() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let connection = try await fixture.connect()
    let query = "SELECT *, pg_sleep(3600)::varchar AS slow FROM \(fixture.from("t"))"
    let reader = try await connection.readChanges(.query(query), data: .attributes, from: nil)
    let task = Task { _ = try await reader.nextBatch() }
    while try !isActive() { try await Task.sleep(for: .milliseconds(20)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    while try isActive() { try await Task.sleep(for: .milliseconds(20)) }
    let pid = try #require(fixture.emulator.journal("\(fixture.schema).\"t\"").last?.pid)
    #expect(try fixture.emulator.journal().contains { $0.point == "cancel" && $0.pid == pid })
    await connection.close()
  }

  private func isActive() throws -> Bool {
    try !fixture.emulator.cluster.sql(
      """
      SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
      AND query LIKE '%pg_sleep(3600)%\(fixture.schema).%'
      """
    ).isEmpty
  }

  @Test("13, 14: nothing is sent that Redshift has not, and no value stands in a statement's text")
  func statements() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}"), (nil, "b", "{}")]))
    let connection = try await fixture.connect()
    let from = Timestamp(nanoseconds: newYear + 123_456_000)
    _ = try await connection.rows(fixture.selection("t"), from: from)
    _ = try await connection.rows(.query("SELECT * FROM \(fixture.from("t"))"), from: from)
    _ = try await connection.inspect(fixture.selection("t"), data: .attributes, previewLimit: 10)
    _ = try await connection.inspect(
      .table("\(fixture.schema).none"),
      data: .events,
      previewLimit: 1
    )
    _ = try await connection.inspect(.table("none"), data: .events, previewLimit: 1)
    _ = try await connection.countChanges(
      fixture.selection("t"),
      data: .attributes,
      from: from,
      before: from
    )
    for user in [SourceUser.externalID("canary-2024"), .externalID("123456")] {
      _ = try await connection.rows(
        of: user,
        in: fixture.selection("t"),
        data: .attributes,
        limit: 3
      )
    }
    let texts = try fixture.emulator.journal(fixture.schema).compactMap(\.sql)
    #expect(texts.count >= 15)
    for text in texts {
      #expect(!text.contains("2024") && !text.contains("123456"), "\(text)")
      #expect(text.hasPrefix("SELECT "))
    }
    #expect(texts.contains { $0.contains("$1::timestamptz") })
    for text in try fixture.emulator.journal().compactMap(\.sql) {
      for word in ["COPY", "DECLARE", "SAVEPOINT", "FETCH", "PREPARE"] {
        #expect(!text.hasPrefix(word))
      }
    }
    await connection.close()
  }

  @Test("18: a serialization conflict is tried once more, and told the second time")
  func conflict() async throws {
    try fixture.create(.usual("t", [(newYear, "a", "{}")]))
    let action = """
      {"error": "40001", "words": "1023", "detail": "Serializable isolation violation on table"}
      """
    try fixture.emulator.fault("\(fixture.schema).*ORDER BY", action)
    let connection = try await fixture.connect()
    #expect(try await connection.rows(fixture.selection("t")).map(\.externalID) == ["a"])
    try fixture.emulator.fault("\(fixture.schema).*LIMIT 0", action)
    #expect(try await connection.rows(fixture.selection("t")).map(\.externalID) == ["a"])
    try fixture.emulator.fault("\(fixture.schema).*ORDER BY", action, times: 2)
    let failure = try await #require(throws: Failure.self) {
      _ = try await connection.rows(fixture.selection("t"))
    }
    #expect(failure.code == "serialization_conflict" && failure.recovery == .retry)
    #expect(failure.message.contains("1023"))
    await connection.close()
  }
}
