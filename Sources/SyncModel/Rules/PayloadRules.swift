/// The rules that hold for every PAYLOAD, whatever its rows are.
public enum PayloadRules {
  /// R30, R31: exactly this many bytes are accepted.
  public static let maximumSize = RowBatchBuilder.maximumPayload
  /// R32, R33.
  public static let maximumKeys = 250

  /// The payload's members, checked by R29 to R33 and R40.
  ///
  /// - Returns: views that are valid until the scanner's next use.
  public static func object(
    of row: SourceRow,
    scanner: inout JSONScanner
  ) throws(RowIssue) -> JSONObject {
    if row.oversizedPayload != nil { throw .payloadTooLarge }
    guard let payload = row.payload else { throw .payloadNotObject("it is NULL") }
    guard payload.count <= maximumSize else { throw .payloadTooLarge }
    let object: JSONObject
    do {
      object = try scanner.object(in: payload)
    } catch {
      throw issue(for: error)
    }
    guard object.count <= maximumKeys else { throw .tooManyKeys(object.count) }
    for index in 0..<object.count {
      let key = object[index].key
      // Its shortest and longest are 8 and 11 bytes: most keys are told apart by that alone.
      guard key.count >= 8, key.count <= 11 else { continue }
      if key.sameBytes(as: "external_id") { throw .identifierInPayload("external_id") }
      if key.sameBytes(as: "user_alias") { throw .identifierInPayload("user_alias") }
      if key.sameBytes(as: "braze_id") { throw .identifierInPayload("braze_id") }
    }
    return object
  }

  private static func issue(for error: JSONError) -> RowIssue {
    switch error.reason {
    case .invalidUTF8: .invalidUTF8("PAYLOAD", at: error.offset)
    case .nul: .nulCharacter("PAYLOAD", at: error.offset)
    default: .payloadNotObject(error.description)
    }
  }
}
