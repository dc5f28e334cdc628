import Destination
import Destinations
import Foundation
import Logging
import RPC
import SyncModel
import TestSupport
import Writer
import WriterAPI

/// A writer over a real store, called through the RPC layer in this process.
struct WriterHarness {
  let path: String
  let store: ProfileStore
  let registry: DestinationRegistry

  static func with(
    policy: PayloadPolicy = PayloadPolicy(),
    rowLog: RowLogOptions = RowLogOptions(),
    _ body: (WriterHarness) async throws -> Void
  ) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "sluice-writer-\(UUID().uuidString)"
    )
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appendingPathComponent("profiles.db").path
    let store = try await ProfileStore.open(
      path: path,
      world: .simulated(),
      policy: policy,
      rowLog: rowLog
    )
    let harness = WriterHarness(
      path: path,
      store: store,
      registry: DestinationRegistry(profiles: store)
    )
    do {
      try await body(harness)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  /// A caller with this role; nil has no identity.
  func client(
    _ role: String? = "orchestrator",
    registry: DestinationRegistry? = nil
  ) -> WriterClient {
    let writer = ProfileWriter(
      destinations: registry ?? self.registry,
      profiles: store,
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    )
    let router = RPCRouter([WriterRegistration(writer)])
    let peer = role.map { PeerIdentity(role: $0, instance: "test") }
    return WriterClient(RPCClient(transport: InProcessTransport(router: router, peer: peer)))
  }
}

extension OpenSyncRequest {
  static func sample(
    epoch: UInt64 = 1,
    data: WriterAPI.DataType = .attributes,
    _ change: (inout Self) -> Void = { _ in }
  ) -> Self {
    var request = OpenSyncRequest(
      workspace: "default",
      sync: "sync",
      epoch: epoch,
      runId: "run-\(epoch)",
      destination: "profiles",
      data: data,
      overlapNs: 100
    )
    change(&request)
    return request
  }
}

extension ApplyBatchRequest {
  static func sample(
    _ number: UInt64,
    epoch: UInt64 = 1,
    _ rows: [OwnedRow] = [],
    _ change: (inout Self) -> Void = { _ in }
  ) -> Self {
    var request = ApplyBatchRequest(
      workspace: "default",
      sync: "sync",
      epoch: epoch,
      batchNumber: number,
      batchId: "b\(number)",
      runId: "run-\(epoch)",
      positionLimit: .max,
      rows: .of(rows)
    )
    change(&request)
    return request
  }
}

/// Status and reason of the error that `body` throws, as `NOT_FOUND destination_not_found`.
func status(_ body: () async throws -> Void) async -> String {
  do {
    try await body()
    return "OK"
  } catch let error as RPCError {
    return error.code.name + (error.reason.map { " " + $0 } ?? "")
  } catch {
    return "\(error)"
  }
}

/// A destination that fails as it is told.
final class FailingDestination: Destination {
  let failure: any Error & Sendable

  init(_ failure: any Error & Sendable) { self.failure = failure }

  func open(_ opening: SyncOpening) async throws -> SyncPosition { throw failure }
  func apply(_ batch: BatchToApply) async throws -> BatchReceipt { throw failure }
  func evaluate(_ batch: BatchToEvaluate) async throws -> BatchEffects { throw failure }
  func move(_ move: PositionMove) async throws -> PositionMoved { throw failure }
  func rejectedRows(
    workspace: String,
    sync: String,
    incarnation: UInt64,
    of user: ProfileIdentifier,
    limit: Int
  ) async throws -> [RowRejection] { throw failure }
  func rejectedRows(
    _ query: RowLogQuery,
    _ body: (RowRejection) async throws -> Void
  ) async throws { throw failure }
  func retryRows(
    _ retry: RowRetry,
    _ body: (RetriedRowCounts) async throws -> Void
  ) async throws { throw failure }
  func forgetExpiredRows() async throws -> Int { throw failure }
}
