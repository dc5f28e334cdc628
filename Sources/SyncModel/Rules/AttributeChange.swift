/// What one row wants of one attribute.
///
/// Safety: the views are valid as long as the `AttributeChanges` that lent it is not changed, and as
/// the payload and the scanner are.
public struct AttributeChange: BitwiseCopyable {
  public var name: UnsafeRawBufferPointer
  /// Compact JSON text: the value, or an operator's operand; nil removes the attribute.
  public var value: UnsafeRawBufferPointer?
  public var operation: AttributeOperation
  public var role: AttributeRole
  /// The type that the value has by itself; nil where it says nothing of the attribute's type.
  public var type: AttributeType?
  /// Where name and value begin in the changes' own memory; -1 when they are views of the payload.
  var nameAt: Int = -1
  var nameCount: Int = 0
  var valueAt: Int = -1
  var valueCount: Int = 0
}

/// How an attribute is treated beside being stored.
public enum AttributeRole: UInt8, Sendable, BitwiseCopyable {
  /// It has a type of its own that the first value fixes.
  case custom
  case standard
  /// Profiles are found by it.
  case email
  case phone
  /// It reaches every profile with the same email address (R70).
  case shared
}

/// Attributes that a profile shows as a list and that rows change item by item: each item is stored as
/// an attribute of its own, so that the later row wins for each.
///
/// Its name is the list's, a NUL, and the item's key: no name from a payload has a NUL.
public enum ListedAttribute {
  public static let separator: UInt8 = 0

  /// The list's name and the item's key; nil for an attribute that is no item.
  public static func parts(
    of name: UnsafeRawBufferPointer
  ) -> (list: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer)? {
    guard let place = name.firstIndex(of: separator) else { return nil }
    return (
      UnsafeRawBufferPointer(rebasing: name[..<place]),
      UnsafeRawBufferPointer(rebasing: name[(place + 1)...])
    )
  }
}
