/// What a change does with the value that is there.
public enum AttributeOperation: UInt8, Sendable, BitwiseCopyable {
  /// Puts a value in its place, or removes it: what was there before does not matter.
  case assign
  /// `{"inc": n}`.
  case increment
  /// `{"add": […], "remove": […]}` on an array of scalars.
  case elements
  /// `{"$add": […], "$remove": […], "$update": […]}` on an array of objects.
  case objects
  /// The same under `_merge_objects`.
  case objectsMerging
  /// An object under `_merge_objects`.
  case merge

  /// What one operator makes of a stored value.
  public enum Result {
    /// The new value was appended.
    case value
    /// There is no value, as before.
    case unset
    /// The stored value stays as it is, for this reason.
    case refused(RowIssue)
  }

  /// Appends what `stored` becomes. For every operation but `assign`.
  ///
  /// - Parameters:
  ///   - stored: compact JSON text; nil when the attribute is unset.
  ///   - warn: takes what a user should know beside the result.
  public func apply(
    _ change: AttributeChange,
    to stored: UnsafeRawBufferPointer?,
    limits: PayloadLimits,
    warnings: inout RowWarnings,
    into sink: inout ByteSink
  ) -> Result {
    guard let operand = change.value else { return .unset }
    let start = sink.count
    switch self {
    case .assign:
      sink.append(operand)
    case .increment:
      if let refusal = increment(stored, by: operand, change.name, into: &sink) {
        return .refused(refusal)
      }
    case .elements:
      return changeElements(stored, operand, change.name, limits, &warnings, into: &sink)
    case .objects, .objectsMerging:
      // "[]" has two bytes.
      let adds = JSONItems.member(Self.add, of: operand).map { $0.text.count > 2 } ?? false
      guard stored != nil || adds else { return .unset }
      if let stored, stored.first != UInt8(ascii: "[") {
        return .refused(.typeMismatch(change.name, .objects, "what is there"))
      }
      ObjectArray.append(
        stored ?? StaticString("[]").bytes,
        operand,
        isMerging: self == .objectsMerging,
        into: &sink
      )
    case .merge:
      if let stored, stored.first != UInt8(ascii: "{") {
        return .refused(.typeMismatch(change.name, .object, "what is there"))
      }
      if let stored {
        ObjectMerge.append(stored, operand, into: &sink)
      } else {
        sink.append(operand)
      }
    }
    guard sink.count - start <= limits.valueBytes else {
      sink.truncate(to: start)
      return .refused(.valueTooLarge(change.name, limits.valueBytes))
    }
    return .value
  }

  /// R79 to R81; on an unset attribute it counts from 0 (design, decision 11).
  private func increment(
    _ stored: UnsafeRawBufferPointer?,
    by operand: UnsafeRawBufferPointer,
    _ name: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) -> RowIssue? {
    if let stored, stored.first.flatMap(JSONKind.init(firstByte:)) != .number {
      return .notANumber(name)
    }
    guard let step = ExactDecimal(operand),
      let value = stored.map({ ExactDecimal($0) }) ?? .zero, let sum = value.adding(step),
      // So that the sum can be added to.
      ExactDecimal(sum.description) != nil
    else { return .numberOutOfRange(name) }
    sink.append(sum.description)
    return nil
  }

  private func changeElements(
    _ stored: UnsafeRawBufferPointer?,
    _ operand: UnsafeRawBufferPointer,
    _ name: UnsafeRawBufferPointer,
    _ limits: PayloadLimits,
    _ warnings: inout RowWarnings,
    into sink: inout ByteSink
  ) -> Result {
    var (adding, removing): ([UnsafeRawBufferPointer], [UnsafeRawBufferPointer]) = ([], [])
    var parts = JSONItems(operand)
    while let (key, value) = parts.member() {
      let elements = ScalarArray.elements(of: value.text) ?? []
      if key.sameBytes(as: "add") { adding = elements } else { removing = elements }
    }
    guard stored != nil || !adding.isEmpty else { return .unset }
    guard stored?.first ?? UInt8(ascii: "[") == UInt8(ascii: "["),
      let elements = stored.map({ ScalarArray.elements(of: $0) }) ?? []
    else { return .refused(.typeMismatch(name, .array, "what is there")) }
    let changed = ScalarArray.changed(elements, adding: adding, removing: removing)
    if changed.count > limits.arrayLength {
      warnings.add(.arrayShortened(name, limits.arrayLength))
    }
    let start = sink.count
    ScalarArray.append(changed.suffix(limits.arrayLength), into: &sink)
    guard sink.count - start <= limits.valueBytes else {
      sink.truncate(to: start)
      return .refused(.valueTooLarge(name, limits.valueBytes))
    }
    return .value
  }

  private static var add: UnsafeRawBufferPointer { StaticString("$add").bytes }
}

extension ExactDecimal {
  fileprivate init?(_ text: String) {
    var copy = text
    guard let value = copy.withUTF8({ ExactDecimal(UnsafeRawBufferPointer($0)) }) else {
      return nil
    }
    self = value
  }
}
