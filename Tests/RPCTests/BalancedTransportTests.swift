import RPC
import Synchronization
import Testing

@Suite("Calls spread over the addresses of a name", .timeLimit(.minutes(5)))
struct BalancedTransportTests {
  @Test("load spreads evenly, of quick calls and of slow ones")
  func even() async throws {
    try await withHouse(["127.0.0.1", "127.0.0.2", "127.0.0.3"]) { house in
      try await house.callUntilAllAnswer()
      let before = house.services.map(\.calls.value)
      for _ in 0..<90 { _ = try await house.client.unary(Replica.echo, Note()) }
      let counts = zip(house.services, before).map { $0.calls.value - $1 }
      for count in counts { #expect((27...33).contains(count), "\(counts)") }

      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<30 {
          group.addTask { _ = try await house.client.unary(Replica.hold, Note()) }
        }
        for service in house.services { try await service.held.reach(10) }
        house.release.add()
        try await group.waitForAll()
      }
    }
  }

  @Test("one server is killed: no call of an idempotent method fails")
  func killed() async throws {
    try await withHouse(["127.0.0.1", "127.0.0.2", "127.0.0.3"]) { house in
      try await house.callUntilAllAnswer()
      try await withThrowingTaskGroup(of: Note.self) { group in
        for number in 0..<30 as Range<Int64> {
          group.addTask { try await house.client.unary(Replica.hold, Note(number: number)) }
        }
        for service in house.services { try await service.held.reach(10) }
        house.kill(1)
        // The ten calls of the dead server are made again at the others.
        try await house.services[0].held.reach(15)
        try await house.services[2].held.reach(15)
        house.release.add()
        var numbers: Set<Int64> = []
        for try await note in group { numbers.insert(note.number) }
        #expect(numbers.count == 30)
      }
      for _ in 0..<100 { _ = try await house.client.unary(Replica.echo, Note()) }
    }
  }

  @Test("a call that is not idempotent is not made again")
  func notIdempotent() async throws {
    try await withHouse(["127.0.0.1", "127.0.0.2"]) { house in
      try await house.callUntilAllAnswer()
      await withTaskGroup(of: RPCCode?.self) { group in
        for _ in 0..<2 { group.addTask { await house.outcome(Replica.holdOnce) } }
        for service in house.services { try? await service.held.reach(1) }
        house.kill(0)
        #expect(await group.next() == .unavailable)
        house.release.add()
        #expect(await group.next() == .some(nil))
      }
    }
  }

  @Test("a server is added: it gets calls; one vanishes: its calls end well, it gets no more")
  func addedAndVanished() async throws {
    try await withHouse(["127.0.0.1", "127.0.0.2", "127.0.0.3"], listed: 2) { house in
      try await house.callUntil {
        house.services[0].calls.value * house.services[1].calls.value > 0
      }
      #expect(house.services[2].calls.value == 0)
      house.resolver.list(["127.0.0.1", "127.0.0.2", "127.0.0.3"])
      try await house.callUntil { house.services[2].calls.value > 0 }

      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<3 {
          group.addTask { _ = try await house.client.unary(Replica.holdOnce, Note()) }
        }
        for service in house.services { try await service.held.reach(1) }
        house.resolver.list(["127.0.0.2", "127.0.0.3"])
        // Two later queries have been answered, so the first one has been acted on.
        try await house.resolver.queries.reach(house.resolver.queries.value + 3)
        let before = house.services[0].calls.value
        for _ in 0..<20 { _ = try await house.client.unary(Replica.echo, Note()) }
        #expect(house.services[0].calls.value == before)
        house.release.add()
        try await group.waitForAll()
      }
    }
  }

  @Test("a call waits for a server on request, until its deadline; else it fails at once")
  func waitsForReady() async throws {
    try await withHouse(["127.0.0.1"], listed: 0) { house in
      #expect(await house.outcome(Replica.echo) == .unavailable)
      let late = await house.outcome(
        Replica.echo,
        CallOptions(timeout: .milliseconds(20), waitForReady: true)
      )
      #expect(late == .deadlineExceeded)
      async let patient = house.outcome(Replica.echo, CallOptions(waitForReady: true))
      let cancelled = Task { await house.outcome(Replica.echo, CallOptions(waitForReady: true)) }
      cancelled.cancel()
      #expect(await cancelled.value == .cancelled)
      house.resolver.list(["127.0.0.1"])
      #expect(await patient == nil)
    }
  }

  @Test("a closed transport says so, also to those who wait")
  func closed() async throws {
    try await withHouse(["127.0.0.1"], listed: 0) { house in
      async let waiting = house.outcome(Replica.echo, CallOptions(waitForReady: true))
      try await house.resolver.queries.reach(1)
      await house.transport.close()
      #expect(await waiting == .unavailable)
      #expect(await house.outcome(Replica.echo) == .unavailable)
    }
  }

  @Test("the system resolves a name to its addresses, and numbers to themselves")
  func systemResolver() async throws {
    let resolver = SystemResolver()
    let local = try await resolver.addresses(of: ServerTarget(host: "localhost", port: 1))
    #expect(local.contains("127.0.0.1") || local.contains("::1"))
    #expect(
      try await resolver.addresses(of: ServerTarget(host: "127.0.0.3", port: 1)) == ["127.0.0.3"]
    )
    let error = await #expect(throws: RPCError.self) {
      _ = try await resolver.addresses(of: ServerTarget(host: "no.such.name.invalid", port: 1))
    }
    #expect(error?.code == .unavailable)
  }
}
