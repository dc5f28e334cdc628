import CPostgreSQL

/// A result's column.
public struct PostgreSQLColumn: Sendable, Equatable {
  public var name: String
  /// The type's OID in `pg_type`, of a domain its base type's.
  public var type: UInt32
  /// As `format_type` wants it; -1 for none.
  public var modifier: Int32

  public init(name: String, type: UInt32, modifier: Int32) {
    self.name = name
    self.type = type
    self.modifier = modifier
  }
}

/// A small result, copied out of libpq.
public struct PostgreSQLResult: Sendable {
  public var columns: [PostgreSQLColumn] = []
  /// The values as text; nil for NULL. What is not valid UTF-8 is repaired.
  public var rows: [[String?]] = []

  init() {}

  init(_ result: OpaquePointer) {
    columns = Self.columns(result)
    rows = (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in
        guard PQgetisnull(result, row, column) == 0,
          let value = PQgetvalue(result, row, column)
        else { return nil }
        return String(
          decoding: UnsafeRawBufferPointer(
            start: value,
            count: Int(PQgetlength(result, row, column))
          ),
          as: UTF8.self
        )
      }
    }
  }

  static func columns(_ result: OpaquePointer) -> [PostgreSQLColumn] {
    (0..<PQnfields(result)).map { column in
      PostgreSQLColumn(
        name: PQfname(result, column).map { String(cString: $0) } ?? "",
        type: PQftype(result, column),
        modifier: PQfmod(result, column)
      )
    }
  }
}
