/// One row as the warehouse gave it, borrowed from a batch. Bytes, not text: identity is bytes
/// (design, decision 13), and what is not valid UTF-8 becomes a row error, not a lost batch.
///
/// nil is SQL's NULL; an empty value is an empty value.
///
/// Safety: valid only inside the closure that lent it.
public struct SourceRow {
  public var updatedAt = Timestamp(nanoseconds: 0)
  public var externalID: UnsafeRawBufferPointer?
  public var aliasName: UnsafeRawBufferPointer?
  public var aliasLabel: UnsafeRawBufferPointer?
  public var brazeID: UnsafeRawBufferPointer?
  public var email: UnsafeRawBufferPointer?
  public var phone: UnsafeRawBufferPointer?
  /// JSON text. Cut to `RowBatchBuilder.excerptLength` bytes where `oversizedPayload` is set.
  public var payload: UnsafeRawBufferPointer?
  /// The payload's full size in bytes, set only when the payload was over the limit and was cut.
  public var oversizedPayload: UInt64?

  public init() {}
}
