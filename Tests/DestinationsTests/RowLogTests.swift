import Crypto
import Destination
import Destinations
import Foundation
import SyncModel
import TestSupport
import Testing

@Suite("What the row log keeps")
struct RowLogTests {
  private func bytes(_ harness: StoreHarness) throws -> Data {
    var all = Data()
    for suffix in ["", "-wal"] {
      let path = harness.path + suffix
      if FileManager.default.fileExists(atPath: path) {
        all += try Data(contentsOf: URL(fileURLWithPath: path))
      }
    }
    return all
  }

  @Test("payloads come back byte by byte, and are nowhere in the files")
  func sealed() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .keys(2), rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      let secret = #"{"a":"canary-in-payload","b":1,"c":2}"#
      let invalid = Array(#"{"canary-in-payload": "#.utf8) + [0xFF]
      var broken = OwnedRow(updatedAt: 12, externalID: "2")
      broken.payload = invalid
      try await sync.send(
        OwnedRow(updatedAt: 10, externalID: "1", payload: secret),
        OwnedRow(updatedAt: 11, externalID: "1"),
        broken
      )
      #expect(try await harness.log().allSatisfy { $0.payload == nil })
      let payloads = try await harness.log(payload: true).map(\.payload)
      #expect(payloads == [Array(secret.utf8), nil, invalid])
      let stored = try bytes(harness)
      #expect(stored.range(of: Data("too_many_attributes".utf8)) != nil)
      #expect(stored.range(of: Data("canary".utf8)) == nil)
    }
  }

  @Test("without a key rows are logged without their content, and that is said")
  func withoutKey() async throws {
    try await StoreHarness.with(policy: .keys(2)) { harness in
      let sync = harness.sync()
      try await sync.begin()
      #expect(try await sync.send(wide(10)).counts.text == "rejected: 1")
      #expect(try await harness.log().map(\.isRetryable) == [false])
      #expect(await failureCode { _ = try await harness.retry() } == "row_key_missing")
      #expect(await failureCode { _ = try await harness.log(payload: true) } == "row_key_missing")
      // A key that comes later helps the rows that come later.
      try await harness.reopen(policy: .keys(2), rowLog: .sealing())
      try await sync.send(wide(20, "2"))
      try await harness.reopen(rowLog: .sealing())
      let counts = try await harness.retry()
      #expect(counts.outcomes.text == "applied: 1")
      #expect(counts.notKept == 1)
      #expect(try await harness.retry(user: .externalID("1")) == RetriedRowCounts())
    }
  }

  @Test("rows that another key sealed, or that were changed, are told; the others are done")
  func unreadable() async throws {
    try await StoreHarness.with(policy: .keys(2), rowLog: .sealing(1)) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send(wide(10), wide(11, "2"), wide(12, "3"), wide(13, "4"))
      try await harness.reopen(policy: .keys(2), rowLog: .sealing(2))
      try await sync.send(wide(20, "5"))
      try await harness.reopen(rowLog: .sealing(2))
      #expect(await failureCode { _ = try await harness.retry() } == "row_key_wrong")
      #expect(await failureCode { _ = try await harness.log(payload: true) } == "row_key_wrong")
      #expect(try await harness.custom("5") == #"{"a":20,"b":20,"c":20}"#)
      #expect(try await harness.log(open: true).count == 4)

      // Its content opens for no other row, and not as another copy of it.
      try await harness.edit(
        """
        UPDATE rejected_rows SET sealed = (SELECT sealed FROM rejected_rows WHERE row_index = 1)
        WHERE row_index = 2
        """
      )
      try await harness.edit("UPDATE rejected_rows SET copy = 2 WHERE row_index = 1")
      try await harness.edit("UPDATE rejected_rows SET sealed = x'01' WHERE row_index = 3")
      try await harness.reopen(rowLog: .sealing(1))
      #expect(await failureCode { _ = try await harness.retry() } == "row_content_damaged")
      #expect(try await harness.export().count == 2)
      #expect(try await harness.custom("1") != nil)
      #expect(try await harness.log(open: true).count == 3)
    }
  }

  @Test("the key's file is for its owner only and holds a key")
  func keyFile() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
      "sluice-row-key-\(UUID().uuidString)"
    )
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appendingPathComponent("key").path
    func code(_ content: String?, mode: Int = 0o600) -> String? {
      _ = FileManager.default.createFile(atPath: path, contents: content.map { Data($0.utf8) })
      try? FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      do {
        _ = try RowLogKey.load(file: path)
        return nil
      } catch {
        let failure = error as? Failure
        #expect(failure?.message.hasPrefix("SLUICE_ROW_KEY_FILE: ") == true)
        return failure?.code
      }
    }
    #expect(code(String(repeating: "7", count: 64)) == nil)
    #expect(code(String(repeating: "x", count: 32)) == nil)
    #expect(code(String(repeating: "x", count: 32), mode: 0o640) == "row_key_exposed")
    #expect(code(String(repeating: "7", count: 63)) == "row_key_invalid")
    try FileManager.default.removeItem(atPath: path)
    #expect(throws: Failure.self) { try RowLogKey.load(file: path) }
    #expect(throws: Failure.self) { try RowLogKey.load(file: directory.path) }
  }

  @Test("what is older than 30 days goes in portions, and makes room")
  func expiry() async throws {
    let log = try RowLogOptions.sealing()
    try await StoreHarness.with(policy: .keys(2), rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send((0..<700).map { wide($0, "\($0)") })
      harness.simulated.advance(seconds: 86_400)
      try await sync.send(wide(1_000, "late"))
      #expect(try await harness.store.forgetExpiredRows() == 0)
      harness.simulated.advance(seconds: 29 * 86_400)
      #expect(try await harness.store.forgetExpiredRows() == 0)
      harness.simulated.advance(nanoseconds: 1)
      #expect(try await harness.store.forgetExpiredRows() == 500)
      #expect(try await harness.store.forgetExpiredRows() == 200)
      #expect(try await harness.store.forgetExpiredRows() == 0)
      #expect(try await harness.log().map(\.identifier) == ["external_id=late"])
      #expect(
        try await harness.rows(
          in: "syncs WHERE sealed_bytes = (SELECT sum(length(sealed)) FROM rejected_rows)"
        ) == 1
      )
    }
  }

  @Test("beyond its room a sync's rows are logged without their content")
  func room() async throws {
    let log = try RowLogOptions.sealing(bytes: 250)
    try await StoreHarness.with(policy: .keys(2), rowLog: log) { harness in
      let sync = harness.sync()
      try await sync.begin()
      try await sync.send((0..<3).map { wide($0, "\($0)") })
      try await sync.send(wide(10, "x"))
      let kept = try await harness.log().map(\.isRetryable)
      #expect(kept.first == true && kept.last == false && kept.count == 4)
      #expect(try await harness.rows(in: "syncs WHERE sealed_bytes BETWEEN 1 AND 250") == 1)
    }
  }
}
