import Crypto
import Destination
import Destinations
import SyncModel
import TestSupport

extension RowLogOptions {
  /// With a key that is 32 times `byte`.
  static func sealing(_ byte: UInt8 = 7, bytes: Int64 = 1 << 30) throws -> RowLogOptions {
    let secret = SecretBytes([UInt8](repeating: byte, count: 32))
    return RowLogOptions(key: try RowLogKey(secret), sealedBytesPerSync: bytes)
  }
}

extension PayloadPolicy {
  static func keys(_ count: Int) -> PayloadPolicy {
    var policy = PayloadPolicy()
    policy.limits.keys = count
    return policy
  }

  /// Rejects events with longer properties.
  static func strings(_ length: Int) -> PayloadPolicy {
    var policy = PayloadPolicy()
    policy.limits.stringLength = length
    return policy
  }
}

extension StoreHarness {
  func log(
    _ sync: String = "sync",
    run: String? = nil,
    code: String? = nil,
    warnings: Bool = false,
    open: Bool = false,
    payload: Bool = false
  ) async throws -> [RowRejection] {
    var found: [RowRejection] = []
    try await store.rejectedRows(
      RowLogQuery(
        workspace: "default",
        sync: sync,
        runID: run,
        code: code,
        withWarnings: warnings,
        onlyOpen: open,
        withPayload: payload
      )
    ) { found.append($0) }
    return found
  }

  func retry(
    _ sync: String = "sync",
    run: String? = nil,
    code: String? = nil,
    user: ProfileIdentifier? = nil
  ) async throws -> RetriedRowCounts {
    var total = RetriedRowCounts()
    try await store.retryRows(
      RowRetry(workspace: "default", sync: sync, runID: run, code: code, user: user)
    ) { total += $0 }
    return total
  }

  /// As after a cursor was set back: the next run reads everything, and the ledger knows nothing.
  func rewind() async throws {
    try await edit("DELETE FROM ledger")
    try await edit("UPDATE syncs SET position = NULL, ledger_floor = NULL")
  }
}

/// An event with a property of four characters.
func longEvent(_ stamp: Int64, _ id: String = "1", name: String = "e") -> OwnedRow {
  OwnedRow(
    updatedAt: stamp,
    externalID: id,
    payload: #"{"name":"\#(name)","properties":{"p":"four"}}"#
  )
}

/// Attributes a, b and c.
func wide(_ stamp: Int64, _ id: String = "1", value: Int64? = nil) -> OwnedRow {
  let value = value ?? stamp
  return OwnedRow(
    updatedAt: stamp,
    externalID: id,
    payload: #"{"a":\#(value),"b":\#(value),"c":\#(value)}"#
  )
}
