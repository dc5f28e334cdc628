import Destinations
import ServiceRuntime
import SyncModel

extension RowLogOptions {
  private static let size = "SLUICE_ROW_LOG_MEGABYTES"
  private static let defaultMegabytes: Int64 = 1024

  /// The settings of the row log, and what each means.
  static let settings: [(name: String, help: String)] = [
    (
      RowLogKey.setting,
      "the file of the key that seals the content of rejected rows: 32 bytes or 64 hex digits, for its "
        + "owner only; without it the content is not kept, and rejected rows cannot be retried"
    ),
    (size, "megabytes of rejected rows' content that are kept of one sync (\(defaultMegabytes))"),
  ]

  init(_ settings: Settings) throws {
    // `NAME_FILE` is the file of the value of NAME everywhere; here the file is read with more care.
    let key: RowLogKey?
    do {
      key = try settings.text(RowLogKey.setting).map { try RowLogKey.load(file: $0) }
    } catch let failure as Failure {
      throw StartupError(.environment, failure.message)
    }
    var megabytes = Self.defaultMegabytes
    if let text = try settings.text(Self.size) {
      guard let value = Int64(text), (1...1_048_576).contains(value) else {
        throw StartupError(
          .usage,
          "\(Self.size) must be a number from 1 to 1048576, not \"\(text)\""
        )
      }
      megabytes = value
    }
    self.init(key: key, sealedBytesPerSync: megabytes << 20)
  }
}
