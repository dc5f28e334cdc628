import SQLDatabase

/// The numbers of Redshift's types: those of PostgreSQL 8.0's pg_type, and its own.
enum RedshiftTypes {
  static let date: UInt32 = 1082
  static let timestamp: UInt32 = 1114
  static let timestamptz: UInt32 = 1184

  /// VARCHAR and TEXT, which compare with text as they are.
  static func isText(_ type: UInt32) -> Bool { type == 25 || type == 1043 }

  private static let names: [UInt32: String] = [
    16: "boolean", 20: "bigint", 21: "smallint", 23: "integer", 25: "text", 700: "real",
    701: "double precision", 1042: "character", 1043: "character varying", 1082: "date",
    1083: "time", 1114: "timestamp", 1184: "timestamp with time zone",
    1266: "time with time zone", 1188: "interval year to month", 1190: "interval day to second",
    1700: "numeric", 2935: "hllsketch", 3000: "geometry", 3001: "geography", 4000: "super",
    6551: "varbyte",
  ]

  /// As Redshift's documentation spells it: a query of the catalog would not know types of its own.
  static func name(of column: PostgreSQLColumn) -> String {
    guard let name = names[column.type] else { return "type \(column.type)" }
    // A modifier is the length and four, or precision and scale in halves of a word, and four.
    let modifier = column.modifier - 4
    guard column.modifier >= 4 else { return name }
    switch column.type {
    case 1042, 1043: return "\(name)(\(modifier))"
    case 1700: return "\(name)(\(modifier >> 16),\(modifier & 0xFFFF))"
    default: return name
    }
  }
}
