import Destination
import RPC
import SyncModel
import WriterAPI

/// What a request must hold before a destination sees it. Every refusal names the field.
enum RequestChecks {
  /// Names travel in logs and error messages.
  private static let longestName = 512
  /// Ten years, in nanoseconds: more is a mistake in the unit.
  private static let longestOverlap: Int64 = 10 * 366 * 86_400 * 1_000_000_000

  /// An answer is one message, of at most 4 MiB.
  private static let mostDetails: UInt32 = 50

  static func name(_ value: String, _ field: String) throws(RPCError) {
    guard !value.isEmpty else { throw invalid("\(field) is needed", field) }
    guard value.utf8.count <= longestName else {
      throw invalid("\(field) is longer than \(longestName) bytes", field)
    }
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw invalid("\(field) holds a control character", field)
    }
  }

  static func open(_ request: OpenSyncRequest) throws(RPCError) -> SyncModel.DataType {
    try name(request.workspace, "workspace")
    try name(request.sync, "sync")
    try name(request.runId, "run_id")
    try name(request.destination, "destination")
    guard request.epoch > 0 else { throw invalid("epoch counts from 1", "epoch") }
    try incarnation(request.incarnation)
    guard let data = request.data.model else {
      throw invalid("data is needed: attributes, events, purchases or deletes", "data")
    }
    guard (0...longestOverlap).contains(request.overlapNs) else {
      throw invalid("overlap_ns must be from 0 to \(longestOverlap)", "overlap_ns")
    }
    return data
  }

  /// Stores compare it as a signed number.
  static func incarnation(_ value: UInt64) throws(RPCError) {
    guard value <= UInt64(Int64.max) else {
      throw invalid("incarnation must be from 0 to \(Int64.max)", "incarnation")
    }
  }

  static func apply(_ request: ApplyBatchRequest) throws(RPCError) {
    try name(request.workspace, "workspace")
    try name(request.sync, "sync")
    try name(request.runId, "run_id")
    try name(request.batchId, "batch_id")
    guard request.epoch > 0 else { throw invalid("epoch counts from 1", "epoch") }
    try incarnation(request.incarnation)
    guard request.batchNumber > 0, request.batchNumber < UInt64(Int64.max) else {
      throw invalid("batch_number counts from 1", "batch_number")
    }
  }

  static func evaluate(_ request: EvaluateBatchRequest) throws(RPCError) -> SyncModel.DataType {
    try name(request.workspace, "workspace")
    try name(request.sync, "sync")
    try name(request.destination, "destination")
    try incarnation(request.incarnation)
    guard let data = request.data.model else {
      throw invalid("data is needed: attributes, events, purchases or deletes", "data")
    }
    guard (0...longestOverlap).contains(request.overlapNs) else {
      throw invalid("overlap_ns must be from 0 to \(longestOverlap)", "overlap_ns")
    }
    guard request.detailLimit <= mostDetails else {
      throw invalid("detail_limit must be from 0 to \(mostDetails)", "detail_limit")
    }
    return data
  }

  /// How many rows of the log an explanation may have.
  static func logLimit(_ limit: UInt32) throws(RPCError) -> Int {
    guard limit <= 100 else { throw invalid("limit must be from 0 to 100", "limit") }
    return limit == 0 ? 20 : Int(limit)
  }

  /// Exactly one of the five ways to name a user.
  static func identifier(
    _ request: GetProfileRequest
  ) throws(RPCError) -> (identifier: ProfileIdentifier, text: String) {
    guard request.aliasName.isEmpty == request.aliasLabel.isEmpty else {
      throw invalid("alias_name and alias_label go together", "alias_name")
    }
    var found: [ProfileIdentifier] = []
    if !request.externalId.isEmpty { found.append(.externalID(request.externalId)) }
    if !request.aliasName.isEmpty {
      found.append(.alias(name: request.aliasName, label: request.aliasLabel))
    }
    if !request.brazeId.isEmpty { found.append(.brazeID(request.brazeId)) }
    if !request.email.isEmpty { found.append(.email(request.email)) }
    if !request.phone.isEmpty { found.append(.phone(request.phone)) }
    guard found.count == 1, let only = found.first else {
      throw invalid(
        "exactly one identifier is needed (external_id, alias_name with alias_label, braze_id, "
          + "email or phone), and there are \(found.count)",
        "external_id"
      )
    }
    return (only, text(only))
  }

  /// At most one of the five ways to name a user.
  static func user(_ request: RetryRowsRequest) throws(RPCError) -> ProfileIdentifier? {
    let named = GetProfileRequest(
      externalId: request.externalId,
      aliasName: request.aliasName,
      aliasLabel: request.aliasLabel,
      brazeId: request.brazeId,
      email: request.email,
      phone: request.phone
    )
    return named == GetProfileRequest() ? nil : try identifier(named).identifier
  }

  static func invalid(_ message: String, _ field: String) -> RPCError {
    RPCError(.invalidArgument, message, reason: "invalid_\(field)")
  }

  private static func text(_ identifier: ProfileIdentifier) -> String {
    switch identifier {
    case .externalID(let value): "external_id \(value)"
    case .alias(let name, let label): "alias \(label):\(name)"
    case .brazeID(let value): "braze_id \(value)"
    case .email(let value): "email \(value)"
    case .phone(let value): "phone \(value)"
    }
  }
}
