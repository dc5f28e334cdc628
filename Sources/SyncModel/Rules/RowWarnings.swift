/// What a user should know of a row that was applied all the same: values that were left out, with
/// the reason of each.
public struct RowWarnings: Sendable {
  /// So many of one row reach the row log.
  public static let kept = 10

  public private(set) var issues: [RowIssue] = []
  public private(set) var count = 0

  public init() {}

  public var isEmpty: Bool { count == 0 }

  public mutating func removeAll() {
    guard count > 0 else { return }
    issues.removeAll(keepingCapacity: true)
    count = 0
  }

  public mutating func add(_ issue: @autoclosure () -> RowIssue) {
    count += 1
    if issues.count < Self.kept { issues.append(issue()) }
  }
}

/// Every reason for which a value is left out while its row is applied: codes and words.
///
/// The words name the attribute, shortened and without control characters, never its value.
extension RowIssue {
  private static func left(
    _ code: String,
    _ name: UnsafeRawBufferPointer,
    _ why: String
  ) -> RowIssue {
    RowIssue(
      code,
      "Attribute '\(RowIdentifierText.text(name, atMost: 64))' was not changed: \(why)"
    )
  }

  /// R62 to R64, R72, R74 and the other fields that have a form of their own.
  static func standardNotValid(_ name: UnsafeRawBufferPointer, _ demand: String) -> RowIssue {
    left("attribute_not_valid", name, demand)
  }

  /// R63: best effort, as documented.
  static let countryUnknown = RowIssue(
    "country_unknown",
    "'country' is neither a code of ISO 3166-1 nor a country's name that is known: it was removed"
  )

  /// R78.
  static func stringTooLong(_ name: UnsafeRawBufferPointer, _ limit: Int) -> RowIssue {
    left("string_too_long", name, "a string may have at most \(limit) characters")
  }

  /// R87.
  static func typeMismatch(
    _ name: UnsafeRawBufferPointer,
    _ type: AttributeType,
    _ found: String
  ) -> RowIssue {
    left(
      "type_mismatch",
      name,
      "it is of type \(type), by the first value that came, and \(found) cannot become that"
    )
  }

  /// R81.
  static func notANumber(_ name: UnsafeRawBufferPointer) -> RowIssue {
    left("inc_on_non_number", name, "'inc' needs a number to add to")
  }

  static func numberOutOfRange(_ name: UnsafeRawBufferPointer) -> RowIssue {
    left("number_out_of_range", name, "the sum has too many digits to be exact")
  }

  /// R98.
  static func nullInside(_ name: UnsafeRawBufferPointer) -> RowIssue {
    left("null_inside", name, "there is a null inside the value")
  }

  /// R99, R100.
  static func timeNotValid(_ name: UnsafeRawBufferPointer) -> RowIssue {
    left("time_not_valid", name, "'$time' must be a date of the years 0 to 3000")
  }

  /// R102.
  static func nestedKeyNotValid(_ name: UnsafeRawBufferPointer, _ limit: Int) -> RowIssue {
    left(
      "nested_key_not_valid",
      name,
      "a key inside must have 1 to \(limit) characters, none of them '.', '$' or a space"
    )
  }

  static func arrayNotValid(_ name: UnsafeRawBufferPointer) -> RowIssue {
    left(
      "array_not_valid",
      name,
      "an array holds either strings, numbers and booleans, or objects only"
    )
  }

  /// R101.
  static func valueTooLarge(_ name: UnsafeRawBufferPointer, _ limit: Int) -> RowIssue {
    left("value_too_large", name, "its value would have more than \(limit) bytes")
  }

  static func operatorNotValid(_ name: UnsafeRawBufferPointer, _ demand: String) -> RowIssue {
    left("operator_not_valid", name, demand)
  }

  static func nameNotValid(_ name: UnsafeRawBufferPointer, _ limit: Int) -> RowIssue {
    left("attribute_name_not_valid", name, "a name must have 1 to \(limit) characters")
  }

  /// R112.
  static func propertiesDropped(_ limit: Int) -> RowIssue {
    RowIssue(
      "properties_dropped",
      "An event keeps the first \(limit) properties; the others were dropped"
    )
  }

  /// R70, where an address has more profiles than one row may change.
  public static func subscriptionSharedPartly(_ limit: Int) -> RowIssue {
    RowIssue(
      "subscription_shared_partly",
      "More than \(limit) profiles have this email address: the subscription state was set for "
        + "\(limit) of them"
    )
  }

  /// R86.
  static func arrayShortened(_ name: UnsafeRawBufferPointer, _ limit: Int) -> RowIssue {
    RowIssue(
      "array_shortened",
      "Attribute '\(RowIdentifierText.text(name, atMost: 64))' keeps its last \(limit) elements"
    )
  }
}
