import Glibc
public import Logging
public import SyncModel

/// Writes one JSON object a line: `time`, `level`, `service`, `message`, then the metadata's keys.
///
/// Messages are constant texts, what varies is metadata. Each line is one `write`, so lines of
/// several threads never mix.
public struct JSONLinesLogHandler: LogHandler {
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?
  public var logLevel: Logger.Level

  private let service: String
  private let now: @Sendable () -> Timestamp
  private let write: @Sendable ([UInt8]) -> Void

  public init(
    service: String,
    level: Logger.Level,
    now: @escaping @Sendable () -> Timestamp,
    write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.service = service
    self.logLevel = level
    self.now = now
    self.write = write
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var line = Array("{\"time\":".utf8)
    JSONText.append(now().rfc3339Text, to: &line)
    Self.field("level", event.level.rawValue, &line)
    Self.field("service", service, &line)
    Self.field("message", event.message.description, &line)
    var values = metadata
    if let provided = metadataProvider?.get() { values.merge(provided) { $1 } }
    if let given = event.metadata { values.merge(given) { $1 } }
    if let error = event.error { values["error"] = values["error"] ?? "\(error)" }
    for key in values.keys.sorted() {
      guard let value = values[key] else { continue }
      Self.key(key, &line)
      Self.append(value, to: &line)
    }
    line += [0x7D, 0x0A]
    write(line)
  }

  private static func key(_ key: String, _ line: inout [UInt8]) {
    line.append(0x2C)
    JSONText.append(key, to: &line)
    line.append(0x3A)
  }

  private static func field(_ name: String, _ value: String, _ line: inout [UInt8]) {
    key(name, &line)
    JSONText.append(value, to: &line)
  }

  private static func append(_ value: Logger.MetadataValue, to line: inout [UInt8]) {
    switch value {
    case .string(let text): JSONText.append(text, to: &line)
    case .stringConvertible(let value): JSONText.append(value.description, to: &line)
    case .array(let values):
      line.append(0x5B)
      for (index, value) in values.enumerated() {
        if index > 0 { line.append(0x2C) }
        append(value, to: &line)
      }
      line.append(0x5D)
    case .dictionary(let values):
      line.append(0x7B)
      for (index, name) in values.keys.sorted().enumerated() {
        if index > 0 { line.append(0x2C) }
        JSONText.append(name, to: &line)
        line.append(0x3A)
        append(values[name] ?? "", to: &line)
      }
      line.append(0x7D)
    }
  }
}

extension Logger {
  /// A logger for a service process, to standard output.
  public static func jsonLines(
    service: String,
    level: Logger.Level,
    world: World,
    metadataProvider: Logger.MetadataProvider? = nil
  ) -> Logger {
    Logger(label: service) { _ in
      var handler = JSONLinesLogHandler(service: service, level: level, now: world.now) { line in
        // A log that cannot be written has nowhere to be reported.
        try? RegularFile.writeAll(line, to: STDOUT_FILENO, name: "standard output")
      }
      handler.metadataProvider = metadataProvider
      return handler
    }
  }
}
