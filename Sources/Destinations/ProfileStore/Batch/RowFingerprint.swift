import Crypto
import SyncModel

/// A row version's name in the ledger: half of a SHA-256 over all that the row says.
///
/// A strong hash, because whoever can write to the source table must not be able to make two
/// different rows look like one.
struct RowFingerprint: Hashable, BitwiseCopyable {
  var high: UInt64
  var low: UInt64

  static let none = RowFingerprint(high: 0, low: 0)

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// - Parameter sink: memory to use; what it held is lost.
  init(_ row: SourceRow, sink: inout ByteSink) {
    sink.removeAll()
    sink.appendFixed64(row.updatedAt.nanoseconds)
    Self.append(row.externalID, to: &sink)
    Self.append(row.aliasName, to: &sink)
    Self.append(row.aliasLabel, to: &sink)
    Self.append(row.brazeID, to: &sink)
    Self.append(row.email, to: &sink)
    Self.append(row.phone, to: &sink)
    Self.append(row.payload, to: &sink)
    sink.appendVarint(row.oversizedPayload ?? 0)
    let digest = SHA256.digest(sink.bytes)
    high = digest.word0
    low = digest.word1
  }

  /// 0 for NULL, else the length + 1 and the bytes: no two rows are written alike.
  private static func append(_ value: UnsafeRawBufferPointer?, to sink: inout ByteSink) {
    guard let value else {
      sink.append(UInt8(0))
      return
    }
    sink.appendVarint(UInt64(value.count) + 1)
    sink.append(value)
  }

  /// From the 16 bytes; nil from others.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    high = word(bytes[..<8])
    low = word(bytes[8...])
  }

  /// Lends the 16 bytes.
  func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
    try withUnsafeBytes(of: (high.bigEndian, low.bigEndian), body)
  }
}
