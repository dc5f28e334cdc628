import SyncModel

/// A profile's summary of events and purchases as one compact value (R124).
///
/// Layout, numbers little-endian: format 1; scale and 16 bytes of the revenue's coefficient; for
/// each summary: kind, length and bytes of the name, first and last time, count. Sorted by kind and
/// the names' bytes.
struct StoredActivity {
  enum Kind: UInt8 {
    case event = 0
    case purchase = 1
  }

  struct Summary {
    var kind: Kind
    /// Of the event, or the product's id.
    var name: UnsafeRawBufferPointer
    var first: Int64
    var last: Int64
    /// A purchase counts as many times as its quantity says (R119).
    var count: Int64
  }

  private static let format: UInt8 = 1

  /// The sum of price times quantity of all purchases.
  let revenue: ExactDecimal
  private var reader: StoredBytesReader

  /// - Parameter bytes: what `adding` wrote, or nothing: no activity.
  init(_ bytes: UnsafeRawBufferPointer) throws(DamagedValue) {
    reader = StoredBytesReader(bytes)
    guard bytes.count > 0 else {
      revenue = .zero
      return
    }
    guard try reader.byte() == Self.format else {
      throw DamagedValue(what: "activity of an unknown format")
    }
    let scale = Int(try reader.byte())
    let low = UInt64(bitPattern: try reader.int64())
    let high = try reader.int64()
    guard
      let revenue = ExactDecimal(
        coefficient: Int128(high) << 64 | Int128(low),
        atScale: scale
      )
    else { throw DamagedValue(what: "revenue") }
    self.revenue = revenue
  }

  mutating func next() throws(DamagedValue) -> Summary? {
    guard !reader.isAtEnd else { return nil }
    guard let kind = Kind(rawValue: try reader.byte()) else {
      throw DamagedValue(what: "activity of an unknown kind")
    }
    let name = try reader.view(try reader.varint())
    let first = try reader.int64()
    let last = try reader.int64()
    guard let count = Int64(exactly: try reader.varint()) else {
      throw DamagedValue(what: "count")
    }
    return Summary(kind: kind, name: name, first: first, last: last, count: count)
  }

  /// Writes the activity `bytes` with one more happening to `sink`.
  ///
  /// - Parameter revenue: the whole revenue afterwards.
  static func add(
    _ new: Summary,
    revenue: ExactDecimal,
    to bytes: UnsafeRawBufferPointer,
    into sink: inout ByteSink
  ) throws(DamagedValue) {
    var activity = try StoredActivity(bytes)
    sink.removeAll()
    sink.append(format)
    sink.append(UInt8(truncatingIfNeeded: revenue.scale))
    sink.appendFixed64(Int64(truncatingIfNeeded: revenue.coefficient))
    sink.appendFixed64(Int64(truncatingIfNeeded: revenue.coefficient >> 64))
    var isPlaced = false
    while var summary = try activity.next() {
      if !isPlaced {
        let order = compare(summary, new)
        if order == 0 {
          summary.first = min(summary.first, new.first)
          summary.last = max(summary.last, new.last)
          let (sum, overflow) = summary.count.addingReportingOverflow(new.count)
          summary.count = overflow ? .max : sum
          isPlaced = true
        } else if order > 0 {
          append(new, to: &sink)
          isPlaced = true
        }
      }
      append(summary, to: &sink)
    }
    if !isPlaced { append(new, to: &sink) }
  }

  private static func compare(_ a: Summary, _ b: Summary) -> Int {
    a.kind == b.kind
      ? a.name.compareBytes(with: b.name) : Int(a.kind.rawValue) - Int(b.kind.rawValue)
  }

  private static func append(_ summary: Summary, to sink: inout ByteSink) {
    sink.append(summary.kind.rawValue)
    sink.appendVarint(UInt64(summary.name.count))
    sink.append(summary.name)
    sink.appendFixed64(summary.first)
    sink.appendFixed64(summary.last)
    sink.appendVarint(UInt64(max(summary.count, 0)))
  }
}
