import Logging
import RPC
import SyncModel
import Warehouse
import WriterAPI

/// Carries one run out: credential, warehouse, writer, rows, receipts. Never throws: how the work
/// ended is its result.
struct RunExecutor: Sendable {
  let job: RunJob
  let credentials: CredentialDesk
  let writer: WriterClient
  let warehouses: WarehouseRegistry
  let world: World
  let configuration: OrchestratorConfiguration
  let logger: Logger

  var live: LiveRun { job.live }

  func execute() async -> RunEnding {
    do {
      return try await perform()
    } catch {
      // What a cancelled task threw on its way out does not matter.
      if Task.isCancelled || error is CancellationError { return .stopped }
      let failure = failure(error, of: "writer")
      if let cause = failure.cause {
        logger.error(
          "run failed",
          metadata: ["error.code": "\(failure.code)", "error.cause": "\(cause)"]
        )
      }
      return .failed(failure)
    }
  }

  private func perform() async throws -> RunEnding {
    live.change { $0.enter(.connecting) }
    let driver = try warehouses.driver(job.source.type)
    let settings = try driver.schema.validated(job.source.settings, type: job.source.type)
    let released = try await credentials.release(
      for: job.source,
      driver: driver,
      purpose: live.isDryRun ? "dry run" : "run",
      runID: live.isDryRun ? "" : live.id,
      retry: configuration.peerRetry
    )
    let connection = try await retrying(
      configuration.warehouseRetry,
      while: { ($0 as? Failure)?.mayPass == true }
    ) {
      try await driver.connect(
        settings: settings,
        credentials: released.credentials,
        tag: QueryTag(sync: job.sync.name, run: live.isDryRun ? nil : live.id)
      )
    }
    return try await withThrowingTaskGroup(of: RunEnding?.self) { group in
      // A read that does not look at its task's cancellation ends when its connection does.
      group.addTask {
        await untilCancelled()
        await connection.close()
        return nil
      }
      group.addTask {
        live.isDryRun
          ? try await look(over: connection) : try await transfer(over: connection)
      }
      defer { group.cancelAll() }
      while let ending = try await group.next() {
        if let ending { return ending }
      }
      return .stopped
    }
  }

  /// Opens the sync at the writer, then reads from where the writer says (design, decision 3).
  private func transfer(over connection: any WarehouseConnection) async throws -> RunEnding {
    live.change { $0.enter(.querying) }
    let opened = try await retrying(
      configuration.peerRetry,
      while: { ($0 as? RPCError)?.isTransient == true }
    ) {
      try await openSync()
    }
    live.change { $0.opened(at: opened.position.map(Timestamp.init(nanoseconds:))) }
    let reader = try await WarehouseNotice.$listener.withValue(heard) {
      try await connection.readChanges(
        job.sync.selection,
        data: job.sync.data,
        from: opened.readFrom.map(Timestamp.init(nanoseconds:))
      )
    }
    try checkColumns(of: reader)
    live.change { $0.enter(.reading) }

    let delivery = BatchDelivery(
      BatchDelivery.Address(
        workspace: job.sync.workspace,
        sync: job.sync.name,
        incarnation: UInt64(clamping: job.sync.incarnation),
        epoch: job.epoch,
        runID: live.id,
        positionLimit: reader.warehouseTime
      ),
      firstNumber: opened.nextBatchNumber,
      writer: writer,
      configuration: configuration,
      newID: world.newID,
      reopen: { _ = try await openSync() },
      onReceipt: { tally in
        if let problem = live.change({ $0.receipted(tally) }) { live.askToEnd(.failed(problem)) }
      }
    )

    return try await withThrowingTaskGroup(of: RunEnding?.self) { group in
      group.addTask { try await read(reader, into: delivery) }
      group.addTask {
        try await delivery.run()
        return nil
      }
      do {
        // Both must end well: what was read before a lost connection is still delivered.
        var ending = RunEnding.completed
        while let part = try await group.next() {
          if let part { ending = part }
        }
        return ending
      } catch {
        group.cancelAll()
        await connection.close()
        throw error
      }
    }
  }

  /// R142: a column that was there when the sync was tested. The drivers see to those without which no
  /// sync can be; of the others each run would silently leave one out.
  private func checkColumns(of reader: any ChangeReader) throws {
    let vanished = job.sync.mappedColumns.filter { !reader.columns.contains($0) }
    guard !vanished.isEmpty else { return }
    let names = vanished.map(\.rawValue).joined(separator: ", ")
    throw Failure(
      "column_missing",
      "the source has no \(names) any more, which it had when the sync was tested",
      recovery: .needsOperator
    )
  }

  /// A warehouse that starts is a phase of its own: a run that waits for it is not one that hangs.
  private func heard(_ notice: WarehouseNotice) async {
    logger.info(
      "warehouse",
      metadata: ["run.id": "\(live.id)", "warehouse.notice": "\(notice.text)"]
    )
    live.change {
      switch notice.kind {
      case .starting: $0.enter(.startingWarehouse)
      case .running: $0.enter(.querying)
      }
    }
  }

  private func openSync() async throws -> OpenSyncResponse {
    try await writer.openSync(
      OpenSyncRequest(job.sync, epoch: job.epoch, runID: live.id),
      options: CallOptions(timeout: configuration.callTimeout)
    )
  }

  /// Hands every row of the result in. How the reading ended is its result, not thrown, so that
  /// what was read is delivered all the same.
  private func read(_ reader: any ChangeReader, into delivery: BatchDelivery) async throws
    -> RunEnding
  {
    defer { delivery.finishInput() }
    do {
      while let batch = try await reader.nextBatch() {
        if batch.isEmpty { continue }
        if let ending = live.change({ $0.read(rows: batch.count, bytes: batch.byteCount) }) {
          return ending
        }
        try await delivery.submit(batch)
      }
      let reported = await reader.reportedRowCount
      live.change {
        $0.reported(rows: reported)
        $0.enter(.finishing)
      }
      return .completed
    } catch {
      try Task.checkCancellation()
      return .failed(failure(error, of: "warehouse"))
    }
  }
}

extension Failure {
  /// The same thing may work a moment later.
  fileprivate var mayPass: Bool { recovery == .retry || recovery == .reconnect }
}
