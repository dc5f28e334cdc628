import SyncModel
import Warehouse

/// One statement as it is submitted.
struct SnowflakeStatement: Sendable {
  struct Binding: Sendable, Equatable {
    var type: String
    var value: String
  }

  var text: String
  var bindings: [Binding] = []
  /// Answered at once with 202 and then asked for, so that its handle is known while it runs: what
  /// takes long can then be cancelled. Others answer in one round.
  var isAsynchronous = false
  /// Names what is read, for messages.
  var source: String
  /// Seconds after which the server ends it, where that is less than the source's setting.
  var timeout: Int?

  func timeout(_ settings: SnowflakeSettings) -> Int {
    min(timeout ?? settings.statementTimeout, settings.statementTimeout)
  }

  /// The body of the request. No output format is set: each would change how values are written.
  /// - Parameter tag: for QUERY_HISTORY, which keeps 2,000 characters of it.
  func body(_ settings: SnowflakeSettings, tag: QueryTag) -> [UInt8] {
    let tag = String(String.UnicodeScalarView(tag.text.unicodeScalars.prefix(2000)))
    var members: [(key: String, value: JSONValue)] = [
      ("statement", .string(text)),
      ("timeout", .number(String(timeout(settings)))),
      ("database", .string(settings.database)),
      ("schema", .string(settings.schema)),
      ("warehouse", .string(settings.warehouse)),
      ("role", .string(settings.role)),
      // Comparisons of instants do not depend on the user's own setting then (R14).
      ("parameters", .object([("timezone", .string("UTC")), ("query_tag", .string(tag))])),
    ]
    if !bindings.isEmpty {
      let values = bindings.enumerated().map { index, binding in
        (
          key: String(index + 1),
          value: JSONValue.object([
            ("type", .string(binding.type)), ("value", .string(binding.value)),
          ])
        )
      }
      members.append(("bindings", .object(values)))
    }
    return JSONValue.object(members).text
  }
}
