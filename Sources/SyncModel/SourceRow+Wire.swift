import Wire

/// The fields of `sluice.writer.v1.Row`.
enum RowField {
  static let updatedAt: UInt8 = 1
  static let externalID: UInt8 = 2
  static let aliasName: UInt8 = 3
  static let aliasLabel: UInt8 = 4
  static let brazeID: UInt8 = 5
  static let email: UInt8 = 6
  static let phone: UInt8 = 7
  static let payload: UInt8 = 8
  static let oversizedPayload: UInt8 = 9

  static func size(_ value: UnsafeRawBufferPointer?, limit: Int) -> Int {
    guard let value else { return 0 }
    let kept = min(value.count, limit)
    return 1 + varintSize(UInt64(truncatingIfNeeded: kept)) + kept
  }

  static func varintSize(_ value: UInt64) -> Int {
    max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
  }
}

extension SourceRow {
  /// Reads a `sluice.writer.v1.Row`; its values are views over `bytes`.
  init(decoding bytes: UnsafeRawBufferPointer) throws(WireError) {
    self.init()
    var reader = WireReader(bytes)
    while let (number, type) = try reader.nextTag() {
      switch (UInt8(truncatingIfNeeded: min(number, 255)), type) {
      case (RowField.updatedAt, .fixed64):
        updatedAt = Timestamp(nanoseconds: try reader.sfixed64())
      case (RowField.externalID, .lengthDelimited): externalID = try reader.view()
      case (RowField.aliasName, .lengthDelimited): aliasName = try reader.view()
      case (RowField.aliasLabel, .lengthDelimited): aliasLabel = try reader.view()
      case (RowField.brazeID, .lengthDelimited): brazeID = try reader.view()
      case (RowField.email, .lengthDelimited): email = try reader.view()
      case (RowField.phone, .lengthDelimited): phone = try reader.view()
      case (RowField.payload, .lengthDelimited): payload = try reader.view()
      case (RowField.oversizedPayload, .varint): oversizedPayload = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
  }
}
