/// How a row names its user, after the rules.
///
/// Safety: borrows from the row it was made of.
public enum RowIdentity {
  case externalID(UnsafeRawBufferPointer)
  case alias(name: UnsafeRawBufferPointer, label: UnsafeRawBufferPointer)
  case brazeID(UnsafeRawBufferPointer)
  case email(UnsafeRawBufferPointer)
  case phone(PhoneNumber)
}

/// A row's identity, and the identifiers that only describe the user.
///
/// Safety: borrows from the row it was made of.
public struct IdentifiedRow {
  public var identity: RowIdentity
  /// Filled beside a primary identifier: an attribute (design, decision 10).
  public var email: UnsafeRawBufferPointer?
  /// Filled beside another identifier: an attribute.
  public var phone: PhoneNumber?

  /// Applies the rules R42 to R60 to the identifier columns of a row.
  ///
  /// NULL and "" are both "not filled": warehouses differ in which of them they can hold.
  public init(_ row: SourceRow, data: DataType) throws(RowIssue) {
    let externalID = Self.filled(row.externalID)
    let aliasName = Self.filled(row.aliasName)
    let aliasLabel = Self.filled(row.aliasLabel)
    let brazeID = Self.filled(row.brazeID)
    let email = Self.filled(row.email)
    let phone = Self.filled(row.phone)

    if let externalID {
      guard externalID.count <= Self.maximumLength else { throw .externalIDTooLong }
      try Self.check(externalID, "EXTERNAL_ID")
    }
    try Self.check(aliasName, "ALIAS_NAME")
    try Self.check(aliasLabel, "ALIAS_LABEL")
    try Self.check(brazeID, "BRAZE_ID")
    try Self.check(email, "EMAIL")
    try Self.check(phone, "PHONE")

    if (aliasName == nil) != (aliasLabel == nil) {
      throw .aliasIncomplete(missing: aliasName == nil ? "ALIAS_NAME" : "ALIAS_LABEL")
    }
    if externalID != nil, aliasName != nil {
      throw .identifiersConflict("EXTERNAL_ID", "the alias")
    }
    if externalID != nil, brazeID != nil { throw .identifiersConflict("EXTERNAL_ID", "BRAZE_ID") }
    if aliasName != nil, brazeID != nil { throw .identifiersConflict("the alias", "BRAZE_ID") }

    if let email {
      guard EmailAddress.isValid(email) else { throw .invalidEmail }
    }
    var number: PhoneNumber?
    if let phone {
      number = PhoneNumber(phone)
      if number == nil { throw .invalidPhone }
    }

    if let externalID {
      identity = .externalID(externalID)
    } else if let aliasName, let aliasLabel {
      identity = .alias(name: aliasName, label: aliasLabel)
    } else if let brazeID {
      identity = .brazeID(brazeID)
    } else if data == .deletes, email != nil || number != nil {
      throw .deleteNeedsPrimary
    } else if let email {
      // Email before phone (R46).
      identity = .email(email)
      self.phone = number
      return
    } else if let number {
      identity = .phone(number)
      return
    } else {
      throw .identifierMissing
    }
    self.email = email
    self.phone = number
  }

  /// R52, and what no other identifier needs to pass: drivers cut longer ones (`RowBatchBuilder`).
  public static let maximumLength = 987

  private static func filled(_ value: UnsafeRawBufferPointer?) -> UnsafeRawBufferPointer? {
    guard let value, value.count > 0 else { return nil }
    return value
  }

  private static func check(
    _ value: UnsafeRawBufferPointer?,
    _ column: String
  ) throws(RowIssue) {
    guard let value else { return }
    // First the length: a cut may have gone through a character.
    guard value.count <= maximumLength else { throw .identifierTooLong(column) }
    switch UTF8Check.check(value) {
    case .valid: return
    case .invalid(let offset): throw .invalidUTF8(column, at: offset)
    case .nul(let offset): throw .nulCharacter(column, at: offset)
    }
  }
}
