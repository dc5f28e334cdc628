import Crypto
import SyncModel

/// Where a row of the log came from; its sealed content opens at no other place.
struct RowPlace {
  var sync: Int64
  var runID: String
  var batch: UInt64
  var index: Int

  /// What AES-GCM authenticates with the content: also which row it is, so that nobody who can write to
  /// the store makes of one row two.
  fileprivate func associatedData(_ version: RowVersion) -> [UInt8] {
    var sink = ByteSink(capacity: 128)
    sink.append("sluice rejected row")
    sink.appendFixed64(sync)
    sink.appendVarint(UInt64(runID.utf8.count))
    sink.append(runID)
    sink.appendFixed64(Int64(bitPattern: batch))
    sink.appendFixed64(Int64(index))
    sink.appendFixed64(version.updatedAt.nanoseconds)
    version.fingerprint.withBytes { sink.append($0) }
    sink.appendFixed64(version.copy ?? 0)
    return [UInt8](sink.bytes)
  }
}

/// The form of `rejected_rows.sealed`: a version, the id of the key, the batch's salt, the row's number
/// among those of the batch (the nonce), the ciphertext with its tag. What is sealed is the row's wire
/// form, all columns of it, so that a retry reads what the batch brought.
private enum SealedForm {
  static let version: UInt8 = 1
  static let saltLength = 16
  static let keyID = 1..<(1 + RowLogKey.idLength)
  static let salt = keyID.upperBound..<(keyID.upperBound + saltLength)
  static let counter = salt.upperBound..<(salt.upperBound + 4)

  static func nonce(_ counter: some Sequence<UInt8>) -> [UInt8] {
    [UInt8](repeating: 0, count: AESGCM.nonceLength - 4) + counter
  }
}

/// Seals the rows of one batch.
struct RowSealer {
  private let head: [UInt8]
  private let key: SecretBytes
  private var counter: UInt32 = 0

  init(_ key: RowLogKey) throws {
    let salt = try RandomBytes.make(count: SealedForm.saltLength)
    head = [SealedForm.version] + key.id + salt
    self.key = try key.batchKey(salt: salt)
  }

  /// - Returns: nil after 2^32 rows, which no batch has.
  mutating func seal(
    _ row: SourceRow,
    _ version: RowVersion,
    at place: RowPlace
  ) throws -> [UInt8]? {
    guard counter < .max else { return nil }
    counter += 1
    let number = withUnsafeBytes(of: counter.bigEndian) { [UInt8]($0) }
    var builder = RowBatchBuilder(maximumRows: 1)
    builder.append(row)
    let sealed = try AESGCM.seal(
      SecretBytes(builder.take().message),
      key: key,
      nonce: SealedForm.nonce(number),
      associatedData: place.associatedData(version)
    )
    return head + number + sealed
  }
}

/// Unseals rows; keeps the key of the batch at hand, as those of one batch follow each other.
struct RowUnsealer {
  enum Content {
    /// A batch of the one row.
    case row(RowBatch)
    case sealedOtherwise
    case damaged
  }

  private let key: RowLogKey
  private var batch: (salt: [UInt8], key: SecretBytes)?

  init(_ key: RowLogKey) { self.key = key }

  /// - Throws: what the library cannot do; never because of what is in `sealed`.
  mutating func open(
    _ sealed: [UInt8],
    _ version: RowVersion,
    at place: RowPlace
  ) throws -> Content {
    guard sealed.count >= SealedForm.counter.upperBound, sealed[0] == SealedForm.version else {
      return .damaged
    }
    guard sealed[SealedForm.keyID].elementsEqual(key.id) else { return .sealedOtherwise }
    let plaintext: SecretBytes
    do {
      plaintext = try AESGCM.open(
        Array(sealed[SealedForm.counter.upperBound...]),
        key: try batchKey([UInt8](sealed[SealedForm.salt])),
        nonce: SealedForm.nonce(sealed[SealedForm.counter]),
        associatedData: place.associatedData(version)
      )
    } catch let error as CryptoError where error.kind == .authentication {
      return .damaged
    }
    guard let rows = try? RowBatch(inMessage: plaintext.copyBytes()), rows.count == 1 else {
      return .damaged
    }
    return .row(rows)
  }

  private mutating func batchKey(_ salt: [UInt8]) throws -> SecretBytes {
    if let batch, batch.salt == salt { return batch.key }
    let derived = try key.batchKey(salt: salt)
    batch = (salt, derived)
    return derived
  }
}
