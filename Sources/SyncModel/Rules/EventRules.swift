/// One custom event, as the rules read it from a PAYLOAD.
///
/// Safety: the views are valid until the next use of the scanner and of the sink they were made with.
public struct CheckedEvent {
  public var name: UnsafeRawBufferPointer
  /// nil when the payload gives none: the row's UPDATED_AT is its time (R35, R37).
  public var time: Timestamp?
  /// The text of a JSON object; nil without properties.
  public var properties: JSONMember?

  /// R34, R35, R38. Names beyond these three are ignored, as in /users/track.
  ///
  /// - Parameter text: takes the name, where escapes had to be undone. It must be empty.
  public init(
    _ payload: JSONObject,
    limits: PayloadLimits = PayloadLimits(),
    text: inout ByteSink
  ) throws(RowIssue) {
    name = try PayloadField.requiredText("name", of: "an event", payload, text: &text)
    guard !name.isLonger(than: limits.stringLength) else {
      throw .fieldInvalid("name", "must be at most \(limits.stringLength) characters")
    }
    time = try PayloadField.time(payload)
    properties = try PayloadField.properties(payload)
  }
}

/// Fields that events and purchases have in common.
enum PayloadField {
  /// A string that is there and is not empty.
  static func requiredText(
    _ field: StaticString,
    of noun: String,
    _ payload: JSONObject,
    text: inout ByteSink
  ) throws(RowIssue) -> UnsafeRawBufferPointer {
    guard let member = payload.first(field), member.kind != .null else {
      throw .fieldRequired("\(field)", of: noun)
    }
    guard member.kind == .string else {
      throw .fieldInvalid("\(field)", "must be a string, but it is \(member.kind.article)")
    }
    let characters = string(member, text: &text)
    guard characters.count > 0 else { throw .fieldRequired("\(field)", of: noun) }
    return characters
  }

  /// R35, R37.
  static func time(_ payload: JSONObject) throws(RowIssue) -> Timestamp? {
    guard let member = payload.first("time"), member.kind != .null else { return nil }
    // Slashes may be escaped, as some writers of JSON do.
    var text = ByteSink(capacity: 64)
    guard member.kind == .string, let time = PayloadTime.parse(string(member, text: &text)) else {
      throw .fieldInvalid("time", "must be a time in ISO 8601, as in 2024-05-28T10:00:00Z")
    }
    return time
  }

  static func properties(_ payload: JSONObject) throws(RowIssue) -> JSONMember? {
    guard let member = payload.first("properties"), member.kind != .null else { return nil }
    guard member.kind == .object else { throw .propertiesInvalid }
    return member
  }

  /// The characters of a string member.
  static func string(_ member: JSONMember, text: inout ByteSink) -> UnsafeRawBufferPointer {
    if let plain = member.plainString { return plain }
    let start = text.count
    guard member.value.count >= 2 else { return text.bytes(from: start) }
    JSONText.unescape(
      UnsafeRawBufferPointer(rebasing: member.value[1..<(member.value.count - 1)]),
      into: &text
    )
    return text.bytes(from: start)
  }
}
