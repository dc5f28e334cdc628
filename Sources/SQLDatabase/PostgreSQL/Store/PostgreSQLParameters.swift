/// The values of a statement's parameters, coded for the types that the server found for them.
///
/// Strings and numbers are copied, bytes lent, as `SQLStatement` promises.
struct PostgreSQLParameters {
  enum Value {
    case null
    case integer(Int64)
    case real(Double)
    case text([UInt8])
    case blob([UInt8])
    case lentText(UnsafeRawBufferPointer)
    case lentBlob(UnsafeRawBufferPointer)
    /// Was lent before the last reset.
    case stale
  }

  /// OIDs of `pg_type`.
  private let types: [UInt32]
  private var values: [Value]
  /// Binding does not throw; the next `encoded` does.
  private var failure: String?

  init(types: [UInt32]) {
    self.types = types
    values = Array(repeating: .null, count: types.count)
  }

  // MARK: Binding, from 1

  mutating func bind(_ value: Int64, at parameter: Int) { set(.integer(value), parameter) }
  /// Not a number is NULL, as in SQLite.
  mutating func bind(_ value: Double, at parameter: Int) {
    set(value.isNaN ? .null : .real(value), parameter)
  }
  mutating func bind(text: String, at parameter: Int) { set(.text(Array(text.utf8)), parameter) }
  mutating func bind(text: UnsafeRawBufferPointer, at parameter: Int) {
    set(.lentText(text), parameter)
  }
  mutating func bind(blob: UnsafeRawBufferPointer, at parameter: Int) {
    set(.lentBlob(blob), parameter)
  }
  mutating func bindNull(at parameter: Int) { set(.null, parameter) }

  mutating func bind(_ all: [SQLValue]) {
    for (index, value) in all.enumerated() {
      switch value {
      case .null: bindNull(at: index + 1)
      case .integer(let value): bind(value, at: index + 1)
      case .real(let value): bind(value, at: index + 1)
      case .text(let value): bind(text: value, at: index + 1)
      case .blob(let value): set(.blob(value), index + 1)
      }
    }
  }

  /// What was lent is not read any more.
  mutating func reset() {
    failure = nil
    for index in values.indices {
      switch values[index] {
      case .lentText, .lentBlob: values[index] = .stale
      default: break
      }
    }
  }

  private mutating func set(_ value: Value, _ parameter: Int) {
    guard values.indices.contains(parameter - 1) else {
      failure = failure ?? "there is no parameter \(parameter)"
      return
    }
    values[parameter - 1] = value
  }

  /// Lends the coded values to `body`.
  /// - Throws: `SQLError`, which names the parameter and never its value.
  func withEncoded<T>(sql: String, _ body: (PostgreSQLEncoder.Encoded) throws -> T) throws -> T {
    var encoder = PostgreSQLEncoder()
    do {
      if let failure { throw PostgreSQLEncoder.Refusal(failure) }
      for (index, value) in values.enumerated() {
        do {
          try encoder.append(value, PostgreSQLType(types[index]))
        } catch var refusal as PostgreSQLEncoder.Refusal {
          refusal.message = "parameter \(index + 1) \(refusal.message)"
          throw refusal
        }
      }
    } catch let refusal as PostgreSQLEncoder.Refusal {
      throw SQLError(.other, refusal.message, nativeCode: refusal.code, sql: sql)
    }
    return try encoder.withEncoded(body)
  }
}
