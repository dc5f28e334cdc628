import ServiceRuntime
import SyncModel

extension PayloadPolicy {
  /// The settings that a writer reads besides those of every service, and what each means.
  static let settings: [(name: String, help: String)] =
    limitSettings.map { ($0.name, $0.help) } + [
      ("SLUICE_BLOCKED_ATTRIBUTES", "custom attributes that are not stored, one a line"),
      ("SLUICE_BLOCKED_EVENTS", "events that are not stored, one name a line"),
      ("SLUICE_BLOCKED_PRODUCTS", "products whose purchases are not stored, one id a line"),
    ]

  private struct Limit {
    var name: String
    var path: WritableKeyPath<PayloadLimits, Int>
    var most: Int
    var help: String

    init(
      _ name: String,
      _ path: WritableKeyPath<PayloadLimits, Int>,
      atMost most: Int,
      _ help: String
    ) {
      (self.name, self.path, self.most) = (name, path, most)
      self.help = "\(help) (\(PayloadLimits()[keyPath: path]))"
    }
  }

  private static var limitSettings: [Limit] {
    [
      Limit("SLUICE_LIMIT_KEYS", \.keys, atMost: 10_000, "keys of a payload"),
      Limit(
        "SLUICE_LIMIT_STRING_LENGTH",
        \.stringLength,
        atMost: 100_000,
        "characters of a string, a nested key, a name"
      ),
      Limit("SLUICE_LIMIT_ARRAY_LENGTH", \.arrayLength, atMost: 10_000, "elements of an array"),
      Limit(
        "SLUICE_LIMIT_VALUE_BYTES",
        \.valueBytes,
        atMost: 1_048_576,
        "bytes of an array or object"
      ),
      Limit("SLUICE_LIMIT_PROPERTIES", \.properties, atMost: 10_000, "properties of an event"),
      Limit(
        "SLUICE_LIMIT_PROPERTY_BYTES",
        \.propertyBytes,
        atMost: 1_048_576,
        "bytes of an event's properties"
      ),
      Limit(
        "SLUICE_LIMIT_IMAGE_URL_LENGTH",
        \.imageURLLength,
        atMost: 100_000,
        "characters of image_url"
      ),
      Limit("SLUICE_LIMIT_QUANTITY", \.quantity, atMost: 1_000_000, "pieces of one purchase"),
      Limit(
        "SLUICE_LIMIT_SHARED_PROFILES",
        \.sharedProfiles,
        atMost: 100_000,
        "profiles that a subscription state reaches by their email address"
      ),
    ]
  }

  /// Reads the limits (whole numbers from 1), and the blocked names, one a line.
  init(_ settings: Settings) throws(StartupError) {
    self.init()
    for limit in Self.limitSettings {
      guard let text = try settings.text(limit.name) else { continue }
      guard let value = Int(text), (1...limit.most).contains(value) else {
        throw StartupError(
          .usage,
          "\(limit.name) must be a number from 1 to \(limit.most), not \"\(text)\""
        )
      }
      limits[keyPath: limit.path] = value
    }
    blockedAttributes = try Self.lines(settings, "SLUICE_BLOCKED_ATTRIBUTES")
    blockedEvents = try Self.lines(settings, "SLUICE_BLOCKED_EVENTS")
    blockedProducts = try Self.lines(settings, "SLUICE_BLOCKED_PRODUCTS")
  }

  private static func lines(
    _ settings: Settings,
    _ name: String
  ) throws(StartupError) -> BlockedNames {
    let text = try settings.text(name) ?? ""
    return BlockedNames(text.split(separator: "\n").map(String.init))
  }
}
