/// The limits that a payload meets, with the newest documented values as defaults.
///
/// Older pages of Braze name other values for some (25 or 100 elements, 50 KB); whoever has grown
/// used to those sets them.
public struct PayloadLimits: Sendable, Equatable {
  /// Keys at a payload's top level (R32).
  public var keys = 250
  /// Characters, that is code points, of a string, of a nested key and of a property's name (R78,
  /// R102, R113, R116).
  public var stringLength = 255
  /// Elements of an array of strings, numbers and booleans (R86), and of one list of `$remove` or
  /// `$update`.
  public var arrayLength = 500
  /// Bytes of an array or object as it is stored, without white space (R101, R109).
  public var valueBytes = 102_400
  /// Distinct properties of one event or purchase (R112).
  public var properties = 256
  /// Bytes of one event's or purchase's properties, without white space (R111).
  public var propertyBytes = 102_400
  /// Characters of `image_url` (R74).
  public var imageURLLength = 1_024
  /// Pieces of one purchase (R118).
  public var quantity = 100
  /// Profiles with one email address that a subscription state reaches (R70).
  public var sharedProfiles = 1_000

  public init() {}
}

/// Names that are not to be stored (R92), compared by their bytes.
public struct BlockedNames: Sendable, Equatable {
  private let sorted: [[UInt8]]

  public init(_ names: [String] = []) {
    sorted = names.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  public var isEmpty: Bool { sorted.isEmpty }

  public func contains(_ name: UnsafeRawBufferPointer) -> Bool {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      let order = sorted[middle].withUnsafeBytes { $0.compareBytes(with: name) }
      if order == 0 { return true }
      if order < 0 { low = middle + 1 } else { high = middle }
    }
    return false
  }
}

/// What an operator of the writer decides about payloads.
public struct PayloadPolicy: Sendable, Equatable {
  public var limits = PayloadLimits()
  /// Custom attributes that are not stored.
  public var blockedAttributes = BlockedNames()
  /// Names of events that are not stored.
  public var blockedEvents = BlockedNames()
  /// Ids of products whose purchases are not stored.
  public var blockedProducts = BlockedNames()

  public init() {}
}
