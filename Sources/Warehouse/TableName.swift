public import SyncModel

/// A table's name as an operator wrote it, in parts: `purchases`, `public.purchases`,
/// `"My Schema"."a.b"`.
///
/// A part in double quotes is taken as it is, with `""` for a quote inside; an unquoted part is taken
/// as written first, and then as the warehouse folds it.
public struct TableName: Sendable, Equatable {
  public struct Part: Sendable, Equatable {
    public var text: String
    public var isQuoted: Bool

    public init(_ text: String, isQuoted: Bool = false) {
      self.text = text
      self.isQuoted = isQuoted
    }
  }

  public var parts: [Part]

  public init(_ parts: [Part]) { self.parts = parts }

  /// - Parameter maximumParts: how many the warehouse knows: schema and table are two.
  /// - Throws: `Failure` `invalid_table_name`.
  public init(parsing text: String, maximumParts: Int) throws(Failure) {
    func invalid(_ reason: String) -> Failure {
      Failure(
        "invalid_table_name",
        "\"\(text.prefix(200))\" is no table name: \(reason)",
        recovery: .needsOperator
      )
    }
    var parts: [Part] = []
    var rest = Array(text.unicodeScalars)[...]
    guard !rest.contains("\0") else { throw invalid("it holds a NUL") }
    while true {
      if rest.first == "\"" {
        guard let part = Self.quoted(&rest) else { throw invalid("a quote is not closed") }
        parts.append(Part(part, isQuoted: true))
        guard rest.isEmpty || rest.first == "." else {
          throw invalid("after a quoted part comes a dot or the end")
        }
      } else {
        let part = rest.prefix { $0 != "." }
        rest = rest.dropFirst(part.count)
        parts.append(Part(Self.string(part)))
      }
      guard let last = parts.last, !last.text.isEmpty else { throw invalid("a part is empty") }
      guard rest.first == "." else { break }
      rest = rest.dropFirst()
    }
    guard parts.count <= maximumParts else {
      throw invalid(
        "it has \(parts.count) parts, at most \(maximumParts) are known here; "
          + "a name with a dot in it goes into double quotes"
      )
    }
    self.parts = parts
  }

  /// Each part in double quotes, as standard SQL wants it.
  public var sql: String { parts.map { Self.quoted($0.text) }.joined(separator: ".") }

  /// The unquoted parts in lower case (ASCII), as PostgreSQL and Redshift fold them.
  public var foldedToLowerCase: TableName {
    TableName(parts.map { $0.isQuoted ? $0 : Part(Self.lowercased($0.text)) })
  }

  /// An identifier in double quotes; a quote inside is doubled.
  public static func quoted(_ identifier: String) -> String {
    var result = "\""
    for scalar in identifier.unicodeScalars {
      if scalar == "\"" { result += "\"" }
      result.unicodeScalars.append(scalar)
    }
    return result + "\""
  }

  /// ASCII only, as SQL folds names: no locale, no other script.
  static func lowercased(_ text: String) -> String {
    String(decoding: text.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  private static func quoted(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
    var part = ArraySlice<Unicode.Scalar>()
    rest = rest.dropFirst()
    while let scalar = rest.popFirst() {
      if scalar != "\"" {
        part.append(scalar)
      } else if rest.first == "\"" {
        part.append(scalar)
        rest = rest.dropFirst()
      } else {
        return string(part)
      }
    }
    return nil
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }
}
