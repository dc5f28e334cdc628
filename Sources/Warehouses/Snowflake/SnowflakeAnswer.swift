import SyncModel

/// An answer that is not what the SQL API sends.
enum SnowflakeAnswer {
  static let malformedCode = "malformed_answer"

  static func malformed(_ reason: String) -> Failure {
    Failure(
      malformedCode,
      "Snowflake's answer cannot be read: \(reason); look for a proxy that answers in its place",
      recovery: .reconnect
    )
  }
}
