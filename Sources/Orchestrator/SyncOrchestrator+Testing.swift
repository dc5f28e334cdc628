import Logging
public import OrchestratorAPI
public import RPC
import SQLDatabase
import SyncModel
import Warehouse

extension SyncOrchestrator {
  /// Rows of a preview.
  static let previewRows = 10

  /// Connects, and with a table also looks at its columns and previews rows. What does not work is
  /// in the report, not in the call's status.
  public func testSource(
    _ request: TestSourceRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let workspace = try Name.workspace(request.workspace)
      let source = try await database.read { connection in
        try connection.existingSource(workspace: workspace, name: request.name)
      }
      var subject: TestSubject?
      if !request.table.isEmpty {
        guard let data = request.data.model else {
          throw invalid(
            "invalid_data",
            "say what the rows of \"\(request.table)\" are: attributes, events, purchases or deletes"
          )
        }
        subject = TestSubject(selection: .table(request.table), data: data)
      }
      try await test(source, subject, responses)
    }
  }

  /// Tests a sync's own table or query; a success is what activation asks for (R135).
  public func testSync(
    _ request: TestSyncRequest,
    responses: RPCWriter<TestEvent>,
    context: ServerContext
  ) async throws {
    try await answering(context) {
      let (sync, source) = try await stored(request.workspace, request.name)
      let subject = TestSubject(sync: sync.name, selection: sync.selection, data: sync.data)
      try await test(source, subject, responses) { version, inspection in
        // What was tested, not what the sync may have become meanwhile.
        let tested = TestedSettings(source: source, sync: sync, credentialVersion: version)
        try await self.database.transaction { connection in
          try connection.setTested(
            tested,
            columns: SourceColumn.among(inspection.columns.map(\.name)),
            workspace: sync.workspace,
            sync: sync.name
          )
        }
      }
    }
  }

  private struct TestSubject {
    /// Nil for a test of the source alone.
    var sync: String?
    var selection: RowSelection
    var data: SyncModel.DataType
  }

  /// - Parameter succeeded: called before the report is sent, with the credential's version and what was
  ///   found.
  private func test(
    _ source: StoredSource,
    _ subject: TestSubject?,
    _ events: RPCWriter<TestEvent>,
    succeeded: (UInt32, Inspection) async throws -> Void = { _, _ in }
  ) async throws {
    var server = ""
    let report: TestReport
    var inspection = Inspection()
    do {
      let driver = try warehouses.driver(source.type)
      let settings = try driver.schema.validated(source.settings, type: source.type)
      let place = settings["host"] ?? settings["file"] ?? source.name
      try await events.write(TestEvent(progress: "connecting to \(place)"))
      let released = try await credentials.release(
        // A person waits for it.
        for: source,
        driver: driver,
        purpose: "test",
        retry: configuration.warehouseRetry
      )
      // A warehouse may take minutes to start: whoever waits is told.
      let listener: @Sendable (WarehouseNotice) async -> Void = { notice in
        try? await events.write(TestEvent(progress: notice.text))
      }
      let connection = try await WarehouseNotice.$listener.withValue(listener) {
        try await driver.connect(
          settings: settings,
          credentials: released.credentials,
          tag: QueryTag(sync: subject?.sync)
        )
      }
      report = try await withClosing(connection) {
        server = await connection.server
        try await events.write(TestEvent(progress: "connected to \(server)"))
        if let subject {
          try await events.write(
            TestEvent(progress: "reading the columns of \(subject.selection.title)")
          )
          inspection = try await WarehouseNotice.$listener.withValue(listener) {
            try await connection.inspect(
              subject.selection,
              data: subject.data,
              previewLimit: Self.previewRows
            )
          }
          try await events.write(
            TestEvent(progress: "previewing \(inspection.preview.count) rows")
          )
        }
        return TestReport(inspection, server: server)
      }
      if report.ok { try await succeeded(released.version, inspection) }
    } catch let failure as Failure {
      logger.info(
        "test failed",
        metadata: [
          "source.name": "\(source.name)", "error.code": "\(failure.code)",
          "error.cause": "\(failure.cause ?? "")",
        ]
      )
      return try await events.write(TestEvent(report: TestReport(failure, server: server)))
    }
    try await events.write(TestEvent(report: report))
  }
}

extension RowSelection {
  fileprivate var title: String {
    switch self {
    case .table(let name): name
    case .query: "the query"
    }
  }
}
