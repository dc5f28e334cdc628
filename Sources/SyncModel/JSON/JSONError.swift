/// Why a text is not the strict JSON that Sluice reads, and where.
public struct JSONError: Error, Sendable, Equatable {
  public enum Reason: Sendable, Equatable {
    /// Nothing but white space.
    case empty
    /// A JSON text, but of another kind than an object.
    case notAnObject(JSONKind)
    /// More text after the object's end.
    case trailingText
    case truncated
    case unexpectedCharacter
    case trailingComma
    /// Twice the same key in one object, compared by bytes after unescaping.
    case duplicateKey
    /// Nested deeper than `JSONScanner.maximumDepth`.
    case tooDeep
    case invalidNumber
    case invalidEscape
    /// Half of a surrogate pair: no character, so no UTF-8.
    case loneSurrogate
    /// A raw control character inside a string.
    case controlCharacter
    /// NUL, raw or as `\u0000`.
    case nul
    case invalidUTF8
    /// Longer than 4 GiB.
    case tooLong
  }

  public var reason: Reason
  /// Byte offset from the text's beginning.
  public var offset: Int

  public init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  /// Words for a user, without any of the text itself.
  public var description: String {
    switch reason {
    case .empty: "the text is empty"
    case .notAnObject(let kind): "it is \(kind.article)"
    case .trailingText: "there is more text after the object's end, at byte \(offset)"
    case .truncated: "the text ends too early, at byte \(offset)"
    case .unexpectedCharacter: "there is an unexpected character at byte \(offset)"
    case .trailingComma: "there is a comma without a value after it at byte \(offset)"
    case .duplicateKey: "the same key occurs twice in the object that ends at byte \(offset)"
    case .tooDeep: "it is nested deeper than \(JSONScanner.maximumDepth) levels at byte \(offset)"
    case .invalidNumber: "the number at byte \(offset) is not written as JSON demands"
    case .invalidEscape: "the escape at byte \(offset) is not one of JSON's"
    case .loneSurrogate: "the escape at byte \(offset) is half of a surrogate pair"
    case .controlCharacter: "there is a raw control character in the string at byte \(offset)"
    case .nul: "there is a NUL character at byte \(offset)"
    case .invalidUTF8: "byte \(offset) is not valid UTF-8"
    case .tooLong: "the text is longer than 4 GiB"
    }
  }
}
