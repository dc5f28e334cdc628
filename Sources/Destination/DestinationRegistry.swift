public import SyncModel

/// The destinations of a writer, by name. Only the process that is started chooses what is in it.
public struct DestinationRegistry: Sendable {
  private var destinations: [(name: String, destination: any Destination)] = []

  public init() {}

  /// Adds a destination, or replaces that of the same name.
  public mutating func add(_ name: String, _ destination: any Destination) {
    destinations.removeAll { $0.name.utf8.elementsEqual(name.utf8) }
    destinations.append((name, destination))
  }

  /// In the order in which they were added.
  public var names: [String] { destinations.map(\.name) }

  /// - Throws: `Failure` `destination_not_found`, naming those that exist.
  public func destination(_ name: String) throws(Failure) -> any Destination {
    for entry in destinations where entry.name.utf8.elementsEqual(name.utf8) {
      return entry.destination
    }
    let known = names.isEmpty ? "none" : names.joined(separator: ", ")
    throw Failure(
      "destination_not_found",
      "There is no destination \(name); this writer has: \(known)",
      recovery: .needsOperator
    )
  }
}
