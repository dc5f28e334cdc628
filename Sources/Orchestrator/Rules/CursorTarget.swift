import OrchestratorAPI
import RPC
import SyncModel

/// Where an operator wants a cursor to be.
enum CursorTarget: Sendable, Equatable {
  case time(Timestamp)
  /// Nanoseconds before where it is.
  case back(Int64)
  case beginning

  /// - Throws: INVALID_ARGUMENT `invalid_target`.
  init(_ request: MoveCursorRequest) throws(RPCError) {
    let given = [request.to != nil, request.backNs != 0, request.toBeginning].filter { $0 }.count
    guard given == 1, request.backNs >= 0 else {
      throw invalid(
        "invalid_target",
        "say where the cursor of sync \(quoted(request.sync)) is to be by one of to, back_ns (1 or more) and to_beginning"
      )
    }
    if let to = request.to {
      self = .time(Timestamp(nanoseconds: to))
    } else {
      self = request.toBeginning ? .beginning : .back(request.backNs)
    }
  }

  /// - Throws: FAILED_PRECONDITION `no_cursor` for a step back from nowhere.
  func position(from previous: Timestamp?) throws(RPCError) -> Timestamp? {
    switch self {
    case .time(let time): return time
    case .beginning: return nil
    case .back(let nanoseconds):
      guard let previous else {
        throw RPCError(
          .failedPrecondition,
          "the sync has no cursor yet: its next run reads from the beginning anyway",
          reason: "no_cursor"
        )
      }
      return previous.advanced(byNanoseconds: 0 - nanoseconds)
    }
  }
}

/// What a move of a cursor means, in rows of the warehouse.
struct CursorPreview: Sendable, Equatable {
  var sync: String
  var data: SyncModel.DataType
  /// nil: the beginning.
  var from: Timestamp?
  var to: Timestamp?
  var rowsToRead: Int64 = 0
  /// Rows that were applied, perhaps, and that the ledger has forgotten (design, decision 2).
  var rowsAgain: Int64 = 0
  var rowsSkipped: Int64 = 0

  var isForward: Bool {
    guard let to else { return false }
    return from.map { $0 < to } ?? true
  }

  /// Without being asked for: what rows do a second time must not matter. Of attributes the last writer
  /// wins, whenever a row comes (design, decision 5); operators are warned of.
  var mayApplyAgain: Bool { rowsAgain == 0 || data == .attributes }

  var againText: String {
    let rows = "\(rowsAgain) row\(rowsAgain == 1 ? "" : "s") of sync \"\(sync)\""
    let old = "from before what the ledger remembers"
    return switch data {
    case .attributes:
      "\(rows) \(old) would be read again: what they assign changes nothing that is newer, but operators such as {\"inc\": 1} in them would work once more, and users deleted since would be made again"
    case .events:
      "\(rows) \(old) would be read again, and each that a run applied already would be one more event"
    case .purchases:
      "\(rows) \(old) would be read again, and each that a run applied already would be one more purchase"
    case .deletes:
      "\(rows) \(old) would be read again, and users who came back since would be deleted again"
    }
  }

  var warnings: [String] {
    var warnings: [String] = []
    if rowsAgain > 0 { warnings.append(againText) }
    if rowsSkipped > 0 {
      warnings.append(
        "\(rowsSkipped) row\(rowsSkipped == 1 ? "" : "s") of sync \"\(sync)\" would be left out: no run will read them"
      )
    }
    return warnings
  }

  func response(moved: Bool) -> MoveCursorResponse {
    MoveCursorResponse(
      sync: sync,
      from: from?.nanoseconds,
      to: to?.nanoseconds,
      moved: moved,
      rowsToRead: rowsToRead,
      rowsAgain: rowsAgain,
      rowsSkipped: rowsSkipped,
      warnings: warnings
    )
  }

  static func text(_ time: Timestamp) -> String {
    var sink = ByteSink(capacity: 40)
    time.appendRFC3339(into: &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }
}
