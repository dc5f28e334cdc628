/// The rules that hold for every PAYLOAD, whatever its rows are.
public enum PayloadRules {
  /// R30, R31: exactly this many bytes are accepted.
  public static let maximumSize = RowBatchBuilder.maximumPayload
  /// The payload's members, checked by R29 to R33 and R40.
  ///
  /// - Returns: views that are valid until the scanner's next use.
  public static func object(
    of row: SourceRow,
    scanner: inout JSONScanner,
    limits: PayloadLimits = PayloadLimits()
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
    // R32, R33.
    guard object.count <= limits.keys else { throw .tooManyKeys(object.count, limits.keys) }
    for index in 0..<object.count {
      let key = object[index].key
      // Its shortest and longest are 8 and 11 bytes: most keys are told apart by that alone.
      guard key.count >= 8, key.count <= 11, let identifier = identifierKey(key) else { continue }
      // null has no effect (R71).
      guard object[index].kind == .null else { throw .identifierInPayload(identifier) }
    }
    return object
  }

  /// The identifier that a payload must not have under this key (R40).
  static func identifierKey(_ key: UnsafeRawBufferPointer) -> StaticString? {
    switch key.count {
    case 11: key.sameBytes(as: "external_id") ? "external_id" : nil
    case 10: key.sameBytes(as: "user_alias") ? "user_alias" : nil
    case 8: key.sameBytes(as: "braze_id") ? "braze_id" : nil
    default: nil
    }
  }

  /// `_update_existing_only` of an event or a purchase.
  public static func updatesExistingOnly(_ payload: JSONObject) throws(RowIssue) -> Bool {
    guard let member = payload.first("_update_existing_only") else { return false }
    guard let flag = AttributeChanges.flag(member) else { throw .updateExistingOnlyInvalid }
    return flag
  }

  private static func issue(for error: JSONError) -> RowIssue {
    switch error.reason {
    case .invalidUTF8: .invalidUTF8("PAYLOAD", at: error.offset)
    case .nul: .nulCharacter("PAYLOAD", at: error.offset)
    default: .payloadNotObject(error.description)
    }
  }
}
