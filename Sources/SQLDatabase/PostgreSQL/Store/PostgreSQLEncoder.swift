/// Lays the values of a statement's parameters out as libpq takes them.
struct PostgreSQLEncoder {
  /// By parameter. A nil pointer is NULL; format 1 is binary, 0 text with a NUL at its end.
  struct Encoded {
    var pointers: [UnsafePointer<CChar>?]
    var lengths: [Int32]
    var formats: [Int32]
  }

  /// Why a value cannot be sent; completes "parameter 3 …".
  struct Refusal: Error {
    var message: String
    var code: String

    init(_ message: String, code: String = "misuse") {
      self.message = message
      self.code = code
    }
  }

  private enum Place {
    case null
    case arena(Int)
    case lent(UnsafeRawBufferPointer)
  }

  /// Copies of what is not lent. Never empty: an empty value needs an address, or it is NULL.
  private var arena: [UInt8] = [0]
  private var places: [Place] = []
  private var lengths: [Int32] = []
  private var formats: [Int32] = []

  /// Adds the next parameter's value, for the type that the server expects there.
  ///
  /// Numbers are converted to text, and text to numbers, as SQLite's column affinity would.
  mutating func append(_ value: PostgreSQLParameters.Value, _ type: PostgreSQLType) throws {
    switch value {
    case .null: place(.null, count: 0, isBinary: true)
    case .stale: throw Refusal("lent bytes that went with the last reset: bind it again")
    case .integer(let number):
      if type == .int64 { binary(UInt64(bitPattern: number)) } else { try spell("\(number)", type) }
    case .real(let number):
      if type == .double {
        binary(number.bitPattern)
      } else if type == .int64, let whole = Int64(exactly: number) {
        binary(UInt64(bitPattern: whole))
      } else {
        try spell("\(number)", type)
      }
    case .text(let bytes): try bytes.withUnsafeBytes { try text($0, type, isLent: false) }
    case .lentText(let bytes): try text(bytes, type, isLent: true)
    case .blob(let bytes): try bytes.withUnsafeBytes { try blob($0, type, isLent: false) }
    case .lentBlob(let bytes): try blob(bytes, type, isLent: true)
    }
  }

  private mutating func binary(_ number: UInt64) {
    withUnsafeBytes(of: number.bigEndian) { copy($0, isBinary: true) }
  }

  private mutating func spell(_ text: String, _ type: PostgreSQLType) throws {
    try Array(text.utf8).withUnsafeBytes { try self.text($0, type, isLent: false) }
  }

  private mutating func text(
    _ bytes: UnsafeRawBufferPointer,
    _ type: PostgreSQLType,
    isLent: Bool
  ) throws {
    guard type == .bytes || !bytes.contains(0) else {
      throw Refusal("holds a NUL byte, which PostgreSQL keeps in no text", code: "22021")
    }
    try raw(bytes, isLent: isLent && type.isRaw, isBinary: type.isRaw)
  }

  private mutating func blob(
    _ bytes: UnsafeRawBufferPointer,
    _ type: PostgreSQLType,
    isLent: Bool
  ) throws {
    guard type.isRaw else {
      throw Refusal("is bytes, but the statement wants a number", code: "42804")
    }
    try raw(bytes, isLent: isLent, isBinary: true)
  }

  private mutating func raw(
    _ bytes: UnsafeRawBufferPointer,
    isLent: Bool,
    isBinary: Bool
  ) throws {
    // The server's own limit for a value is 1 GiB less a byte.
    guard bytes.count < 1 << 30 else { throw Refusal("is larger than 1 GiB", code: "54000") }
    if isLent, bytes.baseAddress != nil {
      place(.lent(bytes), count: bytes.count, isBinary: isBinary)
    } else {
      copy(bytes, isBinary: isBinary)
    }
  }

  private mutating func copy(_ bytes: UnsafeRawBufferPointer, isBinary: Bool) {
    place(.arena(arena.count), count: bytes.count, isBinary: isBinary)
    arena.append(contentsOf: bytes)
    // The end of a text; of an empty value the byte that its address points to.
    arena.append(0)
  }

  private mutating func place(_ place: Place, count: Int, isBinary: Bool) {
    places.append(place)
    lengths.append(Int32(clamping: count))
    formats.append(isBinary ? 1 : 0)
  }

  /// Lends everything that was appended.
  func withEncoded<T>(_ body: (Encoded) throws -> T) rethrows -> T {
    try arena.withUnsafeBytes { arena in
      // Safety: the offsets are of bytes that were appended to the arena, which lives through the
      // call; what is lent lives until the reset, by the contract of SQLStatement.
      let pointers = places.map { place -> UnsafePointer<CChar>? in
        switch place {
        case .null: nil
        case .arena(let offset):
          arena.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
        case .lent(let bytes): bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        }
      }
      return try body(Encoded(pointers: pointers, lengths: lengths, formats: formats))
    }
  }
}
