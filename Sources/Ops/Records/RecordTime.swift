import ServiceRuntime
import SyncModel

extension OutputValue {
  /// RFC 3339 in UTC.
  static func time(_ nanoseconds: Int64) -> OutputValue {
    .text(Timestamp(nanoseconds: nanoseconds).rfc3339Text)
  }

  /// null where the wire says "not yet" by 0.
  static func time(orNullIfZero nanoseconds: Int64) -> OutputValue {
    nanoseconds == 0 ? .null : .time(nanoseconds)
  }

  static func time(_ nanoseconds: Int64?) -> OutputValue { nanoseconds.map { .time($0) } ?? .null }

  static func integer(orNull value: Int64?) -> OutputValue { value.map { .integer($0) } ?? .null }

  static func texts(_ values: [String]) -> OutputValue { .list(values.map { .text($0) }) }
}
