import Logging
import OrchestratorAPI
import RPC
import SQLDatabase
import SyncModel
import TestSupport
import Testing
import WriterAPI

@testable import Orchestrator

@Suite("A writer's process that ends and starts again, over HTTP/2", .timeLimit(.minutes(4)))
struct RestartedWriterTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  @Test("decision 3: the run goes on with the new process, and every row applies once")
  func restarted() async throws {
    let directory = try TemporaryDirectory()
    let database = try await SQLiteDatabase.open(
      path: directory.file("orchestrator.sqlite"),
      migrations: SyncOrchestrator.migrations
    )
    let writer = FakeWriter()
    let gate = Gate()
    writer.script.beforeApply = { batch in
      if batch.batchNumber == 6 { try await gate.wait() }
    }
    var configuration = House.configuration
    configuration.peerRetry = RetryPolicy(
      limit: .seconds(30),
      firstDelay: .milliseconds(5),
      longestDelay: .milliseconds(50)
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
      // Plaintext names nobody.
      let router = RPCRouter([WriterRegistration(writer)]).intercepted(by: FromOrchestrator())
      let first = HTTP2Server(host: "127.0.0.1", port: 0, tls: nil, router: router, logger: logger)
      let firstProcess = Task { try await first.run() }
      let port = try await first.boundPort
      let transport = HTTP2ClientTransport(
        host: "127.0.0.1",
        port: port,
        tls: nil,
        logger: logger
      )
      let house = try await House(
        database: database,
        writer: writer,
        transport: transport,
        configuration: configuration
      )
      house.vault.add(password: House.password, name: "shop-db")
      try await house.working { house in
        try await house.activeSync()
        house.warehouse.script.rows = (0..<200).map { row(-500 + $0, "u\($0)") }
        let started = try await house.start()
        await gate.reached()
        // The process goes while batches are under way.
        firstProcess.cancel()
        _ = await firstProcess.result
        writer.script.beforeApply = { _ in }
        gate.open()
        group.addTask { try await Self.serve(router, on: port, logger) }
        let run = try await house.end(of: started.runId)
        #expect(run.status == .success, "\(run.errorMessage)")
        #expect(run.applied == 200)
        #expect(writer.appliedRows("purchases") == 200)
      }
      await transport.close()
      group.cancelAll()
    }
    await database.close()
  }

  /// Serves as soon as the port is free: another connection of this machine may hold it for a moment.
  private static func serve(_ router: RPCRouter, on port: Int, _ logger: Logger) async throws {
    while true {
      let server = HTTP2Server(
        host: "127.0.0.1",
        port: port,
        tls: nil,
        router: router,
        logger: logger
      )
      do { return try await server.run() } catch {
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}

/// Has every call come from an orchestrator.
private struct FromOrchestrator: ServerInterceptor {
  func callBegins(_ context: inout ServerContext) throws(RPCError) {
    context.peer = PeerIdentity(role: "orchestrator", instance: "1")
  }
}
