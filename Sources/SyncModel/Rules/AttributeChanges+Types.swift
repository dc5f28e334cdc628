/// The types of custom attributes: R87 to R91.
extension AttributeChanges {
  public enum Settlement: Equatable {
    /// The change stands; where the attribute has no type yet, it has this one from now on.
    case stands(AttributeType?)
    /// The change was taken out, and a warning says why.
    case dropped
  }

  /// Brings the change at `index` to the type that its attribute has.
  ///
  /// - Parameter type: nil for an attribute that never had a value.
  public mutating func settle(
    _ index: Int,
    as type: AttributeType?,
    warnings: inout RowWarnings
  ) -> Settlement {
    guard let own = self[index].type, own != type else { return .stands(nil) }
    guard let type else { return .stands(firstType(index, own)) }
    let change = self[index]
    guard change.operation == .assign, own.rawValue <= AttributeType.time.rawValue else {
      drop(index)
      if change.operation == .increment {
        warnings.add(.notANumber(change.name))
      } else {
        warnings.add(.typeMismatch(change.name, type, "an \(own)"))
      }
      return .dropped
    }
    // A time is text already.
    if own == .time, type == .string { return .stands(nil) }
    if coerce(index, to: type) { return .stands(nil) }
    drop(index)
    warnings.add(.typeMismatch(change.name, type, "this \(own)"))
    return .dropped
  }

  /// The type that a first value gives its attribute: a string that is a date makes it a time (R89),
  /// one of a year after 3000 does not (R91).
  private mutating func firstType(_ index: Int, _ own: AttributeType) -> AttributeType {
    own == .string && coerce(index, to: .time) ? .time : own
  }

  private mutating func coerce(_ index: Int, to type: AttributeType) -> Bool {
    guard let value = value(at: index) else { return false }
    // Not straight to `made`: what is read may lie there, and appending may move it.
    text.removeAll()
    guard Coercion.append(value, as: type, into: &text) else { return false }
    let start = made.count
    made.append(text.bytes)
    replace(index, valueFrom: start, type: type)
    return true
  }
}
