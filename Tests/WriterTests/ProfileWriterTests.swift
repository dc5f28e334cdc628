import Destination
import Destinations
import Foundation
import RPC
import SyncModel
import TestSupport
import Testing
import Writer
import WriterAPI

private func row(_ stamp: Int64, _ id: String) -> OwnedRow {
  OwnedRow(updatedAt: stamp, externalID: id, payload: "{\"at\":\(stamp)}")
}

@Suite("Writer")
struct ProfileWriterTests {
  @Test("opens a sync, applies a stream of batches in order, shows and counts the profiles")
  func wholeWay() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      let opened = try await client.openSync(.sample())
      #expect(opened == OpenSyncResponse(nextBatchNumber: 1))
      let receipts = try await client.applyBatches(options: .init()) { writer, finish, reader in
        for number in UInt64(1)...3 {
          try await writer.write(
            .sample(
              number,
              [row(Int64(number), "\(number)"), OwnedRow(updatedAt: 9, payload: "{}")]
            )
          )
        }
        try await finish()
        var receipts: [Receipt] = []
        while let receipt = try await reader.next() { receipts.append(receipt) }
        return receipts
      }
      #expect(receipts.map(\.batchNumber) == [1, 2, 3])
      #expect(receipts.map(\.batchId) == ["b1", "b2", "b3"])
      // The ledger knows the bad row from the first batch only by its copies: each is a row.
      #expect(receipts.allSatisfy { $0.applied == 1 && $0.rejected == 1 && $0.position == 9 })

      let person = harness.client("operator")
      #expect(
        try await person.countProfiles(.init(workspace: "default"))
          == ProfileCounts(profiles: 3, revenue: "0")
      )
      let profile = try await person.getProfile(.init(workspace: "default", externalId: "2"))
      #expect(profile.externalId == "2")
      #expect(profile.brazeId.utf8.count == 24)
      #expect(
        String(decoding: profile.json, as: UTF8.self).contains(#""custom_attributes":{"at":2}"#)
      )
      let exported = try await person.exportProfiles(
        .init(workspace: "default"),
        options: .init()
      ) { reader in
        var ids: [String] = []
        while let profile = try await reader.next() { ids.append(profile.externalId) }
        return ids
      }
      #expect(exported == ["1", "2", "3"])
      let rejected = try await person.listRejectedRows(
        .init(workspace: "default", sync: "sync", limit: 2),
        options: .init()
      ) { reader in
        var rows: [RejectedRow] = []
        while let row = try await reader.next() { rows.append(row) }
        return rows
      }
      #expect(rejected.map(\.batchNumber) == [1, 2])
      #expect(rejected.allSatisfy { $0.code == "identifier_missing" && $0.rowIndex == 1 })
    }
  }

  @Test("only the orchestrator writes; operators and the orchestrator read")
  func roles() async throws {
    try await WriterHarness.with { harness in
      for (role, writing, reading) in [
        ("orchestrator", "OK", "OK"), ("operator", "PERMISSION_DENIED", "OK"),
        ("vault", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        ("writer", "PERMISSION_DENIED", "PERMISSION_DENIED"),
        (nil, "UNAUTHENTICATED", "UNAUTHENTICATED"),
      ] {
        let client = harness.client(role)
        #expect(await status { _ = try await client.openSync(.sample()) } == writing)
        if writing != "OK" {
          #expect(await status { _ = try await client.applyBatch(.sample(1)) } == writing)
          #expect(
            await status {
              try await client.applyBatches(options: .init()) { _, finish, reader in
                try await finish()
                _ = try await reader.next()
              }
            } == writing
          )
        }
        #expect(
          await status { _ = try await client.countProfiles(.init(workspace: "default")) }
            == reading
        )
        #expect(
          await status {
            try await client.exportProfiles(.init(workspace: "default"), options: .init()) {
              while try await $0.next() != nil {}
            }
          } == reading
        )
        #expect(
          await status {
            try await client.listRejectedRows(
              .init(workspace: "default", sync: "s"),
              options: .init()
            ) { while try await $0.next() != nil {} }
          } == reading
        )
        let missing = reading == "OK" ? "NOT_FOUND profile_not_found" : reading
        #expect(
          await status {
            _ = try await client.getProfile(.init(workspace: "default", externalId: "x"))
          } == missing
        )
      }
    }
  }

  @Test("a field that is missing or absurd is named")
  func invalidOpen() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      func open(_ change: @escaping (inout OpenSyncRequest) -> Void) async -> String {
        await status { _ = try await client.openSync(.sample(change)) }
      }
      #expect(await open { $0.workspace = "" } == "INVALID_ARGUMENT invalid_workspace")
      #expect(await open { $0.sync = "" } == "INVALID_ARGUMENT invalid_sync")
      #expect(await open { $0.sync = "a\nb" } == "INVALID_ARGUMENT invalid_sync")
      #expect(
        await open { $0.sync = String(repeating: "x", count: 513) }
          == "INVALID_ARGUMENT invalid_sync"
      )
      #expect(await open { $0.runId = "" } == "INVALID_ARGUMENT invalid_run_id")
      #expect(await open { $0.epoch = 0 } == "INVALID_ARGUMENT invalid_epoch")
      #expect(await open { $0.data = .unspecified } == "INVALID_ARGUMENT invalid_data")
      #expect(await open { $0.overlapNs = -1 } == "INVALID_ARGUMENT invalid_overlap_ns")
      #expect(await open { $0.overlapNs = .max } == "INVALID_ARGUMENT invalid_overlap_ns")
      #expect(await open { $0.destination = "" } == "INVALID_ARGUMENT invalid_destination")
      #expect(await open { $0.destination = "braze" } == "NOT_FOUND destination_not_found")
      #expect(await open { _ in } == "OK")
    }
  }

  @Test("so is one of a batch, and the stream ends with it")
  func invalidApply() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      _ = try await client.openSync(.sample())
      func apply(_ change: @escaping (inout ApplyBatchRequest) -> Void) async -> String {
        await status { _ = try await client.applyBatch(.sample(1, [], change)) }
      }
      #expect(await apply { $0.workspace = "" } == "INVALID_ARGUMENT invalid_workspace")
      #expect(await apply { $0.batchId = "" } == "INVALID_ARGUMENT invalid_batch_id")
      #expect(await apply { $0.batchNumber = 0 } == "INVALID_ARGUMENT invalid_batch_number")
      #expect(await apply { $0.batchNumber = .max } == "INVALID_ARGUMENT invalid_batch_number")
      #expect(await apply { $0.epoch = 0 } == "INVALID_ARGUMENT invalid_epoch")
      #expect(await apply { $0.sync = "other" } == "FAILED_PRECONDITION sync_not_open")
      #expect(await apply { $0.epoch = 2 } == "FAILED_PRECONDITION sync_not_open")
      #expect(await apply { $0.batchNumber = 2 } == "FAILED_PRECONDITION unexpected_batch")
      #expect(await apply { _ in } == "OK")
    }
  }

  @Test("what was receipted before a stream's error stays applied")
  func streamError() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      _ = try await client.openSync(.sample())
      let ended = await status {
        try await client.applyBatches(options: .init()) { writer, _, reader in
          try await writer.write(.sample(1, [row(1, "1")]))
          #expect(try await reader.next()?.applied == 1)
          // A newer run takes over.
          _ = try await client.openSync(.sample(epoch: 2))
          try await writer.write(.sample(2, [row(2, "2")]))
          _ = try await reader.next()
        }
      }
      #expect(ended == "FAILED_PRECONDITION stale_epoch")
      #expect(try await client.countProfiles(.init(workspace: "default")).profiles == 1)
      #expect(try await client.openSync(.sample(epoch: 3)).nextBatchNumber == 2)
    }
  }

  @Test("a repeated batch gets its receipt again, over a stream or alone, also after a restart")
  func repeats() async throws {
    try await WriterHarness.with { harness in
      _ = try await harness.client().openSync(.sample())
      let batch = ApplyBatchRequest.sample(1, [row(5, "1")])
      let receipt = try await harness.client().applyBatch(batch)
      #expect(try await harness.client().applyBatch(batch) == receipt)
      let again = try await harness.client().applyBatches(options: .init()) {
        writer,
        finish,
        reader in
        try await writer.write(batch)
        try await finish()
        return try await reader.next()
      }
      #expect(again == receipt)
    }
  }

  @Test("exactly one identifier asks for a profile")
  func getProfile() async throws {
    try await WriterHarness.with { harness in
      let client = harness.client()
      func get(_ request: GetProfileRequest) async -> String {
        await status { _ = try await client.getProfile(request) }
      }
      let refused = "INVALID_ARGUMENT invalid_external_id"
      #expect(await get(.init(workspace: "default")) == refused)
      #expect(await get(.init(workspace: "default", externalId: "1", email: "a@x.org")) == refused)
      #expect(
        await get(.init(workspace: "default", aliasName: "n"))
          == "INVALID_ARGUMENT invalid_alias_name"
      )
      #expect(await get(.init(externalId: "1")) == "INVALID_ARGUMENT invalid_workspace")
      for request in [
        GetProfileRequest(workspace: "default", aliasName: "n", aliasLabel: "l"),
        .init(workspace: "default", brazeId: "x"), .init(workspace: "default", email: "a@x.org"),
        .init(workspace: "default", phone: "4155550100"), .init(workspace: "default", phone: "x"),
        .init(workspace: "nowhere", externalId: "1"),
      ] {
        #expect(await get(request) == "NOT_FOUND profile_not_found")
      }
    }
  }

  @Test(
    "a failure's recovery and code choose the status",
    arguments: [
      (Failure("disk_full", "m", recovery: .retry), "RESOURCE_EXHAUSTED disk_full"),
      (Failure("storage_busy", "m", recovery: .retry), "UNAVAILABLE storage_busy"),
      (Failure("x", "m", recovery: .reconnect), "UNAVAILABLE x"),
      (Failure("x", "m", recovery: .needsOperator), "FAILED_PRECONDITION x"),
      (Failure("x", "m", recovery: .failRun), "ABORTED x"),
      (Failure("x", "m", recovery: .skipRow), "INVALID_ARGUMENT x"),
      (Failure("x_not_found", "m", recovery: .failRun), "NOT_FOUND x_not_found"),
      (
        Failure("unexpected_batch", "m", recovery: .failRun), "FAILED_PRECONDITION unexpected_batch"
      ),
    ]
  )
  func failures(_ failure: Failure, _ expected: String) async throws {
    try await WriterHarness.with { harness in
      var registry = DestinationRegistry()
      registry.add("profiles", FailingDestination(failure))
      let client = harness.client(registry: registry)
      #expect(await status { _ = try await client.openSync(.sample()) } == expected)
      #expect(await status { _ = try await client.applyBatch(.sample(1)) } == expected)
    }
  }

  @Test("an unexpected error's text does not leave the process")
  func unexpected() async throws {
    struct Secret: Error, CustomStringConvertible { var description = "password=hunter2" }
    try await WriterHarness.with { harness in
      var registry = DestinationRegistry()
      registry.add("profiles", FailingDestination(Secret()))
      let client = harness.client(registry: registry)
      do {
        _ = try await client.openSync(.sample())
        Issue.record("no error")
      } catch let error as RPCError {
        #expect(error.code == .internalError)
        #expect(!error.message.contains("hunter2"))
      }
    }
  }

  @Test("a batch goes to the destination where its sync is open, without any memory of the writer")
  func severalDestinations() async throws {
    try await WriterHarness.with { harness in
      let otherStore = try await ProfileStore.open(
        path: harness.path + "-other",
        world: .simulated()
      )
      var registry = DestinationRegistry()
      registry.add("other", otherStore)
      registry.add("profiles", harness.store)
      #expect(registry.names == ["other", "profiles"])
      // The sync went to the other destination before.
      _ = try await harness.client(registry: registry).openSync(
        .sample { $0.destination = "other" }
      )
      _ = try await harness.client(registry: registry).openSync(.sample(epoch: 2))
      let receipt = try await harness.client(registry: registry).applyBatch(
        .sample(1, epoch: 2, [row(1, "1")])
      )
      #expect(receipt.applied == 1)
      #expect(try await harness.store.counts(workspace: "default").profiles == 1)
      #expect(try await otherStore.counts(workspace: "default").profiles == 0)
      // Where both refuse, the one that knows the sync is heard.
      let stale = await status {
        _ = try await harness.client(registry: registry).applyBatch(
          .sample(2, epoch: 1) { $0.runId = "x" }
        )
      }
      #expect(stale == "FAILED_PRECONDITION stale_epoch")
      await otherStore.close()
    }
  }
}
