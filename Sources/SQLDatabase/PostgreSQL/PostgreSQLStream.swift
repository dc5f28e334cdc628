import CPostgreSQL

/// The rows of a statement as they arrive, lent to the body of `PostgreSQLConnection.read`.
public final class PostgreSQLStream {
  private let session: PostgreSQLSession
  private var row: OpaquePointer?
  /// How many rows the server says the result had; nil before its end.
  public private(set) var reportedRowCount: Int64?

  init(_ session: PostgreSQLSession) { self.session = session }

  /// Lets go of the row at hand. The stream itself goes on with the next `read`.
  func end() {
    PQclear(row)
    row = nil
  }

  /// Moves to the next row; false at the end of the result.
  ///
  /// - Throws: `PostgreSQLError`, or `CancellationError` after `cancel`.
  public func next() throws -> Bool {
    end()
    do {
      if session.signal.isRaised { throw CancellationError() }
      guard let result = try session.nextResult() else {
        session.endStream()
        return false
      }
      row = result
      switch PQresultStatus(result) {
      case PGRES_SINGLE_TUPLE: return true
      case PGRES_TUPLES_OK:
        reportedRowCount = PQcmdTuples(result).flatMap { Int64(String(cString: $0)) }
        end()
        return try next()
      default: throw PostgreSQLError.result(result)
      }
    } catch {
      try? drain()
      throw error
    }
  }

  /// The bytes of the row's column; nil for NULL. Valid until `next`.
  @inline(__always)
  public func bytes(_ column: Int) -> UnsafeRawBufferPointer? {
    let index = Int32(truncatingIfNeeded: column)
    guard PQgetisnull(row, 0, index) == 0, let value = PQgetvalue(row, 0, index) else { return nil }
    return UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(row, 0, index)))
  }

  /// After an error result there is only the end of the answer left.
  private func drain() throws {
    end()
    defer { session.endStream() }
    guard !session.signal.isRaised else { return }
    while let result = try session.nextResult() { PQclear(result) }
  }
}
