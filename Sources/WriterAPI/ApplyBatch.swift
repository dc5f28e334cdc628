public import SyncModel
public import Wire

/// `sluice.writer.v1.ApplyBatchRequest`. The answer is a `Receipt`.
///
/// Decoded from a whole message, `rows` are views over the bytes that arrived; nothing is copied.
public struct ApplyBatchRequest: WireMessage, Equatable {
  public var workspace = ""
  public var sync = ""
  public var epoch: UInt64 = 0
  /// Counts up by one a batch over the life of the sync, across runs.
  public var batchNumber: UInt64 = 0
  /// Unique a batch; a repeat of (number, id) is answered with the stored receipt.
  public var batchId = ""
  public var runId = ""
  /// The warehouse's own clock at the query's start: rows stamped later do not
  /// move the position.
  public var positionLimit: Int64 = 0
  public var rows = RowBatch.empty
  /// As in `OpenSyncRequest`.
  public var incarnation: UInt64 = 0

  public init() {}

  public init(
    workspace: String = "",
    sync: String = "",
    epoch: UInt64 = 0,
    batchNumber: UInt64 = 0,
    batchId: String = "",
    runId: String = "",
    positionLimit: Int64 = 0,
    rows: RowBatch = .empty,
    incarnation: UInt64 = 0
  ) {
    self.workspace = workspace
    self.sync = sync
    self.epoch = epoch
    self.batchNumber = batchNumber
    self.batchId = batchId
    self.runId = runId
    self.positionLimit = positionLimit
    self.rows = rows
    self.incarnation = incarnation
  }

  public init(wireBytes: [UInt8]) throws(WireError) {
    let result: Result<Self, WireError> = wireBytes.withUnsafeBytes { bytes in
      var reader = WireReader(bytes)
      var request = Self()
      do throws(WireError) {
        // The rows' second pass below finds them again; passing over one here costs its length.
        try request.merge(from: &reader) { _ in }
        return .success(request)
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
    rows = try RowBatch(inMessage: wireBytes)
  }

  /// Copies the rows: the reader's bytes are only lent. They are added to those already here.
  public mutating func merge(from reader: inout WireReader) throws(WireError) {
    var added = WireWriter()
    try merge(from: &reader) { added.always(RowBatch.fieldNumber, $0) }
    if added.bytes.isEmpty { return }
    var all = WireWriter(reservingCapacity: rows.byteCount + added.bytes.count)
    rows.encode(into: &all)
    all.raw(added.bytes)
    rows = try RowBatch(inMessage: all.bytes)
  }

  private mutating func merge(
    from reader: inout WireReader,
    row: (UnsafeRawBufferPointer) -> Void
  ) throws(WireError) {
    while let (number, type) = try reader.nextTag() {
      switch (number, type) {
      case (1, .lengthDelimited): workspace = try reader.string()
      case (2, .lengthDelimited): sync = try reader.string()
      case (3, .varint): epoch = try reader.uint64()
      case (4, .varint): batchNumber = try reader.uint64()
      case (5, .lengthDelimited): batchId = try reader.string()
      case (6, .lengthDelimited): runId = try reader.string()
      case (7, .varint): positionLimit = try reader.int64()
      case (RowBatch.fieldNumber, .lengthDelimited): row(try reader.view())
      case (20, .varint): incarnation = try reader.uint64()
      default: try reader.skip(number, type)
      }
    }
  }

  public func encode(into writer: inout WireWriter) {
    writer.string(1, workspace)
    writer.string(2, sync)
    writer.uint64(3, epoch)
    writer.uint64(4, batchNumber)
    writer.string(5, batchId)
    writer.string(6, runId)
    writer.int64(7, positionLimit)
    rows.encode(into: &writer)
    writer.uint64(20, incarnation)
  }

  public func wireBytes() -> [UInt8] {
    // Without it, a batch of megabytes would be copied again at every doubling.
    let names = workspace.utf8.count + sync.utf8.count + batchId.utf8.count + runId.utf8.count
    var writer = WireWriter(reservingCapacity: rows.byteCount + names + 64)
    encode(into: &writer)
    return writer.bytes
  }
}
