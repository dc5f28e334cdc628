public import Crypto
import SyncModel

/// The key that seals what the row log keeps of rejected rows: 32 bytes, in a file of its own.
///
/// It never seals by itself: each batch has a key that is derived from it, so that no nonce is used
/// twice however many rows are rejected.
public struct RowLogKey: Sendable {
  /// The setting that names the key's file, for messages.
  public static let setting = "SLUICE_ROW_KEY_FILE"

  /// Tells keys apart, and says nothing of them.
  let id: [UInt8]
  private let secret: SecretBytes

  static let idLength = 8

  /// - Parameter secret: 32 bytes, all of them random.
  /// - Throws: `CryptoError` for another length.
  public init(_ secret: SecretBytes) throws {
    guard secret.count == KeyFile.keyLength else {
      throw CryptoError(.size, "a row log's key has 32 bytes, not \(secret.count)")
    }
    self.secret = secret
    id = try HKDF.derive(
      from: secret,
      salt: [],
      info: Array("sluice row log: key id".utf8),
      count: Self.idLength
    ).copyBytes()
  }

  /// Reads 32 raw bytes, or 64 hex digits with or without a newline.
  /// - Throws: `Failure` `row_key_unreadable`; `row_key_exposed` when others than the file's owner may
  ///   read it; `row_key_invalid` for any other content.
  public static func load(file: String) throws -> RowLogKey {
    do throws(KeyFile.Problem) {
      return try RowLogKey(checked: KeyFile.load(file))
    } catch {
      throw failure(error, file)
    }
  }

  private init(checked secret: SecretBytes) throws(KeyFile.Problem) {
    do {
      try self.init(secret)
    } catch {
      throw .unreadable("\(error)")
    }
  }

  /// The key of one batch.
  func batchKey(salt: [UInt8]) throws -> SecretBytes {
    try HKDF.derive(from: secret, salt: salt, info: Array("sluice row log: batch".utf8))
  }

  private static func failure(_ problem: KeyFile.Problem, _ file: String) -> Failure {
    switch problem {
    case .unreadable(let reason):
      failure("row_key_unreadable", "\(setting): cannot read \(file): \(reason)")
    case .exposed:
      failure(
        "row_key_exposed",
        "\(setting): \(file) is open to others than its owner; run: chmod 600 \(file)"
      )
    case .invalid:
      failure(
        "row_key_invalid",
        "\(setting): \(file) must hold 32 raw bytes or 64 hex digits, and nothing else"
      )
    }
  }

  // MARK: Failures of those who need it

  static let missing = failure(
    "row_key_missing",
    "This writer keeps no content of rejected rows, and cannot unseal what it kept: set \(setting) to "
      + "a file of 32 random bytes that only its owner can read, and start it again"
  )

  static func wrong(_ rows: Int64) -> Failure {
    failure(
      "row_key_wrong",
      "\(count(rows)) sealed with another key than that of \(setting): give the writer the key that it "
        + "had when they were rejected; other rows are not concerned"
    )
  }

  static func damaged(_ rows: Int64) -> Failure {
    failure(
      "row_content_damaged",
      "The sealed content of \(rows == 1 ? "1 row" : "\(rows) rows") was changed since it was written: "
        + "restore the writer's store from a backup; other rows are not concerned"
    )
  }

  private static func count(_ rows: Int64) -> String {
    rows == 1 ? "1 row is" : "\(rows) rows are"
  }

  private static func failure(_ code: String, _ message: String) -> Failure {
    Failure(code, message, recovery: .needsOperator)
  }
}

/// What the profile store's row log may keep of rejected rows besides the reasons.
public struct RowLogOptions: Sendable {
  /// Without one, rows are logged without their content, and cannot be retried.
  public var key: RowLogKey?
  /// So many bytes of sealed rows are kept of one sync; what is rejected beyond is logged without its
  /// content, until older rows have gone.
  public var sealedBytesPerSync: Int64

  public init(key: RowLogKey? = nil, sealedBytesPerSync: Int64 = 1 << 30) {
    self.key = key
    self.sealedBytesPerSync = sealedBytesPerSync
  }
}
