import Wire

/// Collects rows as a driver reads them and cuts them into batches.
///
/// A batch is full at `maximumRows` rows or `targetBytes` bytes, whichever comes first. As no row
/// is longer than about 1 MiB, no batch passes 4 MiB, gRPC's usual message limit.
public struct RowBatchBuilder {
  /// A payload may hold this many bytes (R30, R31: exactly 1 MB is accepted).
  public static let maximumPayload = 1_048_576
  /// Of a longer payload this much travels, for the row log.
  public static let excerptLength = 1024
  /// No identifier that is this long is valid (R52: external ids end at 987 bytes), so longer ones
  /// are cut here and rejected there.
  public static let maximumIdentifier = 1024

  public let maximumRows: Int
  public let targetBytes: Int
  private var storage: [UInt8] = []
  private var rows: [Range<UInt32>] = []
  private var last: Timestamp?

  /// - Parameter targetBytes: at most 1 GiB; more is taken as that, as a batch's offsets have 32 bits.
  public init(maximumRows: Int = 10_000, targetBytes: Int = 1_500_000) {
    self.maximumRows = maximumRows
    self.targetBytes = min(targetBytes, 1 << 30)
  }

  public var isEmpty: Bool { rows.isEmpty }
  public var isFull: Bool { rows.count >= maximumRows || storage.count >= targetBytes }

  /// Copies one row into the batch. `take` the batch when it `isFull`, before the next row.
  ///
  /// A payload of more than 1 MB is cut and its size kept; so is one that the driver has cut already
  /// (`oversizedPayload`).
  public mutating func append(_ row: SourceRow) {
    precondition(storage.count <= 1 << 31, "a full batch was not taken")
    let payload = row.payload
    var fullSize = row.oversizedPayload
    if fullSize == nil, let payload, payload.count > Self.maximumPayload {
      fullSize = UInt64(payload.count)
    }
    var size = 9
    size += RowField.size(row.externalID, limit: Self.maximumIdentifier)
    size += RowField.size(row.aliasName, limit: Self.maximumIdentifier)
    size += RowField.size(row.aliasLabel, limit: Self.maximumIdentifier)
    size += RowField.size(row.brazeID, limit: Self.maximumIdentifier)
    size += RowField.size(row.email, limit: Self.maximumIdentifier)
    size += RowField.size(row.phone, limit: Self.maximumIdentifier)
    let payloadLimit = fullSize == nil ? Self.maximumPayload : Self.excerptLength
    size += RowField.size(payload, limit: payloadLimit)
    if let fullSize { size += 1 + RowField.varintSize(fullSize) }

    appendByte(UInt8(RowBatch.fieldNumber << 3) | WireType.lengthDelimited.rawValue)
    appendVarint(size)
    let start = UInt32(truncatingIfNeeded: storage.count)
    appendByte(RowField.updatedAt << 3 | WireType.fixed64.rawValue)
    withUnsafeBytes(of: row.updatedAt.nanoseconds.littleEndian) { storage.append(contentsOf: $0) }
    appendField(RowField.externalID, row.externalID, limit: Self.maximumIdentifier)
    appendField(RowField.aliasName, row.aliasName, limit: Self.maximumIdentifier)
    appendField(RowField.aliasLabel, row.aliasLabel, limit: Self.maximumIdentifier)
    appendField(RowField.brazeID, row.brazeID, limit: Self.maximumIdentifier)
    appendField(RowField.email, row.email, limit: Self.maximumIdentifier)
    appendField(RowField.phone, row.phone, limit: Self.maximumIdentifier)
    appendField(RowField.payload, payload, limit: payloadLimit)
    if let fullSize {
      appendByte(RowField.oversizedPayload << 3 | WireType.varint.rawValue)
      appendVarint(fullSize)
    }
    rows.append(start..<UInt32(truncatingIfNeeded: storage.count))
    last = max(last ?? .earliest, row.updatedAt)
  }

  /// Hands the batch out and begins the next one.
  public mutating func take() -> RowBatch {
    let batch = RowBatch(storage: storage, rows: rows, isBare: true, lastUpdatedAt: last)
    storage = []
    storage.reserveCapacity(batch.byteCount)
    rows = []
    rows.reserveCapacity(batch.count)
    last = nil
    return batch
  }

  private mutating func appendField(
    _ number: UInt8,
    _ value: UnsafeRawBufferPointer?,
    limit: Int
  ) {
    guard let value else { return }
    let kept = UnsafeRawBufferPointer(rebasing: value.prefix(limit))
    appendByte(number << 3 | WireType.lengthDelimited.rawValue)
    appendVarint(kept.count)
    storage.append(contentsOf: kept)
  }

  private mutating func appendByte(_ byte: UInt8) { storage.append(byte) }

  private mutating func appendVarint(_ value: Int) {
    appendVarint(UInt64(truncatingIfNeeded: value))
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      storage.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    storage.append(UInt8(truncatingIfNeeded: rest))
  }
}
